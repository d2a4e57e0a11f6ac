-- Signataires de chartes, nommés ou seulement comptés par le document.
-- lignes : socle.signatures l ON l._fichier || '#' || l._ligne = c.unite
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, coalesce(date_signature, 'inconnu') AS periode,
       _fichier || '#' || _ligne AS unite, reseau AS repondant, nombre AS nombre_unites, nombre AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'role', modalite: role},
               {axe: 'nommes', modalite: CASE WHEN signataire IS NULL THEN 'non nommés' ELSE 'nommés' END}], recursive := true)
FROM socle.signatures
