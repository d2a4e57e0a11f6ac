-- Organismes dont l'adhésion à un réseau est connue, quelle qu'en soit la date ; un membre de deux réseaux est un seul membre.
-- lignes : socle.membres_identifies m ON m.organisme = c.unite AND (c.axe NOT LIKE 'reseau%' OR c.modalite IN (m.reseau, m.reseau || '|' || m.categorie)) JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
WITH lieux AS (
    -- a member whose place is known once is there: it is counted at one place only
    SELECT organisme, coalesce(min((niveau, code_territoire)) FILTER (niveau <> 'inconnu'), ('inconnu', 'inconnu')) AS lieu,
           list(DISTINCT reseau) AS reseaux, list(DISTINCT reseau || '|' || categorie) AS categories,
           coalesce(min(type_organisation) FILTER (type_organisation <> 'inconnu'), 'inconnu') AS type_organisation
    FROM socle.membres_identifies GROUP BY ALL)
SELECT lieu[1] AS niveau, lieu[2] AS code_territoire, 'inconnu' AS periode, organisme AS unite, organisme AS repondant,
       1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'type_organisation', modalite: type_organisation}]
              || [{axe: 'reseau', modalite: r} FOR r IN reseaux]
              || [{axe: 'reseau×categorie', modalite: c} FOR c IN categories], recursive := true)
FROM lieux
