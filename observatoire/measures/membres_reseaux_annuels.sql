-- Membres des réseaux au 31 décembre de chaque année, parmi les adhésions dont l'année de début est connue.
-- lignes : socle.membres_identifies m ON m.organisme = c.unite AND m.depuis <= c.periode::BIGINT AND coalesce(m.jusqu_a, 9999) >= c.periode::BIGINT AND (c.axe <> 'reseau' OR c.modalite = m.reseau) JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
WITH annees AS (
    SELECT *, unnest(range(depuis, least(coalesce(jusqu_a, 9999),
                     (SELECT max(millesime_cog)::BIGINT - 1 FROM referentiels.appartenances)) + 1)) AS annee
    FROM socle.membres_identifies
    WHERE depuis IS NOT NULL),
lieux AS (
    SELECT organisme, annee, list(DISTINCT reseau) AS reseaux,
           coalesce(min((niveau, code_territoire)) FILTER (niveau <> 'inconnu'), ('inconnu', 'inconnu')) AS lieu
    FROM annees GROUP BY ALL)
SELECT lieu[1] AS niveau, lieu[2] AS code_territoire, annee::VARCHAR AS periode, organisme AS unite, organisme AS repondant,
       1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}] || [{axe: 'reseau', modalite: r} FOR r IN reseaux], recursive := true)
FROM lieux
