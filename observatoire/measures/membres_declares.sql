-- Nombre de membres que les réseaux déclarent, tel que les documents le disent.
-- unité : membres
-- champ : réseaux dont un document donne le nombre de membres
-- lignes : socle.reseaux l ON l.reseau || '|' || l.document = c.unite AND l.membres_declares IS NOT NULL
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, coalesce(year(date_document)::VARCHAR, 'inconnu') AS periode,
       reseau || '|' || document AS unite, reseau AS repondant, 1 AS nombre_unites, membres_declares AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: reseau}], recursive := true)
FROM socle.reseaux
WHERE membres_declares IS NOT NULL
