-- Naissances d'établissements employeurs dans l'année (de l'ESS, périmètre Insee reconstitué ; Sirene), déménagements et reprises exclus.
-- unité : naissances d'établissements employeurs
-- champ : employeurs publics et privés, agriculture comprise
-- périmètre : Insee reconstitué
-- lignes : socle.sirene_etablissements l ON l.siret = c.unite
-- lignes : socle.sirene_historique l ON l.siret = c.unite
-- lignes : socle.sirene_unites_legales l ON l.siren = c.repondant
SELECT niveau, code_territoire, year(jour)::VARCHAR AS periode, siret AS unite, siren AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'famille', modalite: famille}], recursive := true)
FROM socle.mouvements_employeurs
WHERE mouvement = 'naissance' AND est_ess
