-- Membres nommés des réseaux qui en déclarent un nombre ; zéro quand un document les compte sans en nommer aucun ; sans ceux partis avant l'année du document.
-- unité : membres
-- champ : réseaux dont un document donne le nombre de membres
-- producteur : réseaux
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, coalesce(year(date_document)::VARCHAR, 'inconnu') AS periode,
       reseau || '|' || document AS unite, reseau AS repondant, 1 AS nombre_unites,
       (SELECT count(DISTINCT organisme) FROM socle.membres_identifies m WHERE m.reseau = r.reseau
        AND (jusqu_a IS NULL OR jusqu_a >= year(date_document))) AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: reseau}], recursive := true)
FROM socle.reseaux r
WHERE membres_declares IS NOT NULL
