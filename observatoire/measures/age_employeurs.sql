-- Années écoulées depuis la création des établissements employeurs actifs (toutes familles ; Sirene).
-- unité : années depuis la création, établissements employeurs
-- champ : employeurs publics et privés, agriculture comprise
-- lignes : socle.sirene_etablissements l ON l.siret = c.unite
-- lignes : socle.sirene_unites_legales l ON l.siren = c.repondant
SELECT niveau, code_territoire, millesime AS periode, siret AS unite, siren AS repondant, 1 AS nombre_unites,
       greatest(0, date_diff('month', date_creation, make_date(millesime[:4]::INTEGER, millesime[6:]::INTEGER, 1))) / 12 AS valeur,
       'total' AS axe, 'total' AS modalite
FROM socle.etablissements
WHERE est_actif AND est_employeur AND date_creation IS NOT NULL AND millesime <> 'inconnu'
