-- Membres nommés des réseaux qui en déclarent un nombre ; zéro quand un document les compte sans en nommer aucun ; sans ceux partis avant l'année du document.
-- unité : membres
-- champ : réseaux dont un document donne le nombre de membres
-- producteur : réseaux
-- lignes : socle.membres_identifies m ON m.reseau = c.repondant AND (m.jusqu_a IS NULL OR c.periode = 'inconnu' OR m.jusqu_a >= c.periode::BIGINT) JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
-- lignes : socle.reseaux l ON l.reseau || '|' || l.document = c.unite AND l.membres_declares IS NOT NULL
-- valeur d'une ligne : (row_number() OVER (PARTITION BY c.unite, c.axe, c.modalite, m.organisme ORDER BY l._fichier, l._ligne) = 1)::INT
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, coalesce(year(date_document)::VARCHAR, 'inconnu') AS periode,
       reseau || '|' || document AS unite, reseau AS repondant, 1 AS nombre_unites,
       (SELECT count(DISTINCT organisme) FROM socle.membres_identifies m WHERE m.reseau = r.reseau
        AND (jusqu_a IS NULL OR jusqu_a >= year(date_document))) AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: reseau}], recursive := true)
FROM socle.reseaux r
WHERE membres_declares IS NOT NULL
