-- Organismes dont l'adhésion à un réseau est connue, quelle qu'en soit la date ; un membre de deux réseaux est un seul membre.
WITH membres AS (
    SELECT reseau,
           CASE WHEN siren_membre SIMILAR TO '[0-9]{9}' AND siren_membre <> '000000000' THEN siren_membre ELSE membre END AS organisme,
           coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire
    FROM socle.adhesions a LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)),
lieux AS (
    -- a member whose place is known once is there: it is counted at one place only
    SELECT organisme, coalesce(min((niveau, code_territoire)) FILTER (niveau <> 'inconnu'), ('inconnu', 'inconnu')) AS lieu, list(DISTINCT reseau) AS reseaux
    FROM membres GROUP BY ALL)
SELECT lieu[1] AS niveau, lieu[2] AS code_territoire, 'inconnu' AS periode, organisme AS unite, organisme AS repondant,
       1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}] || [{axe: 'reseau', modalite: r} FOR r IN reseaux], recursive := true)
FROM lieux
