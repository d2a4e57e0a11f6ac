-- Établissements employeurs de l'ESS dont l'unité légale est membre d'au moins un réseau cette année-là ; seuls les membres de SIREN connu comptent.
-- unité : établissements employeurs
-- champ : employeurs publics et privés, agriculture comprise
-- périmètre : Insee reconstitué
-- producteur : Insee
-- lignes : socle.sirene_etablissements l ON l.siret = c.unite
-- lignes : socle.sirene_unites_legales l ON l.siren = c.repondant
-- lignes : socle.membres_identifies m ON m.siren = c.repondant JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
SELECT niveau, code_territoire, millesime AS periode, siret AS unite, siren AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'famille', modalite: famille}], recursive := true)
FROM socle.etablissements e
WHERE est_actif AND est_employeur AND est_ess AND EXISTS (
    FROM socle.membres_identifies m
    WHERE m.siren = e.siren AND coalesce(jusqu_a, 9999) >= e.millesime[:4]::BIGINT)
