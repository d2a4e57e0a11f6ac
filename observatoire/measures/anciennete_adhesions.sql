-- Ancienneté, au 31 décembre de chaque année, des adhésions dont l'année de début est connue.
-- lignes : socle.adhesions l ON l._fichier || '#' || l._ligne = c.unite
WITH annees AS (
    -- up to the last year that has ended when the geographic code came out
    SELECT *, unnest(range(depuis, least(coalesce(jusqu_a, 9999),
                     (SELECT max(millesime_cog)::BIGINT - 1 FROM referentiels.appartenances)) + 1)) AS annee
    FROM socle.membres_identifies
    WHERE depuis IS NOT NULL)
SELECT niveau, code_territoire, annee::VARCHAR AS periode, adhesion AS unite, organisme AS repondant,
       1 AS nombre_unites, annee - depuis AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: reseau}], recursive := true)
FROM annees
