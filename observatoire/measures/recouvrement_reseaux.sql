-- Organismes membres à la fois de deux réseaux, comptés une fois, sans les adhésions finies ; un zéro dit que deux réseaux n'ont aucun membre connu en commun.
-- lignes : socle.membres_identifies m ON m.organisme = c.unite AND m.jusqu_a IS NULL AND (c.axe = 'total' OR m.reseau IN (split_part(c.modalite, '|', 1), split_part(c.modalite, '|', 2))) JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
WITH paires AS (
    SELECT a.reseau AS premier, b.reseau AS second FROM (SELECT DISTINCT reseau FROM socle.reseaux) a
    JOIN (SELECT DISTINCT reseau FROM socle.reseaux) b ON a.reseau < b.reseau),
lieux AS (
    SELECT organisme, list(DISTINCT reseau) AS reseaux,
           coalesce(min((niveau, code_territoire)) FILTER (niveau <> 'inconnu'), ('inconnu', 'inconnu')) AS lieu
    FROM socle.membres_identifies WHERE jusqu_a IS NULL GROUP BY ALL),
communs AS (
    SELECT organisme, lieu, premier || '|' || second AS paire
    FROM lieux JOIN paires ON list_has_all(reseaux, [premier, second]))
SELECT lieu[1] AS niveau, lieu[2] AS code_territoire, 'inconnu' AS periode, organisme AS unite, organisme AS repondant,
       1 AS nombre_unites, 1 AS valeur, 'reseau×reseau' AS axe, paire AS modalite
FROM communs
UNION ALL
SELECT DISTINCT lieu[1], lieu[2], 'inconnu', organisme, organisme, 1, 1, 'total', 'total' FROM communs
UNION ALL
SELECT 'inconnu', 'inconnu', 'inconnu', 'aucun', 'aucun', 0, 0, 'reseau×reseau', premier || '|' || second
FROM paires WHERE premier || '|' || second NOT IN (SELECT paire FROM communs)
UNION ALL
-- no period without its total
SELECT 'inconnu', 'inconnu', 'inconnu', 'aucun', 'aucun', 0, 0, 'total', 'total'
