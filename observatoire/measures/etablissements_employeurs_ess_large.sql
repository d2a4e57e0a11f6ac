-- Établissements employeurs actifs de l'ESS (Sirene, périmètre large, approché).
-- unité : établissements employeurs
-- champ : employeurs publics et privés, agriculture comprise
-- périmètre : large, approché
-- lignes : socle.sirene_etablissements l ON l.siret = c.unite
-- lignes : socle.sirene_unites_legales l ON l.siren = c.repondant
SELECT niveau, code_territoire, millesime AS periode, siret AS unite, siren AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'famille', modalite: famille}], recursive := true)
FROM socle.etablissements
WHERE est_actif AND est_employeur AND est_ess_large
