-- Ancienneté, au 31 décembre de chaque année, des adhésions dont l'année de début est connue.
WITH adhesions AS (
    SELECT reseau, _fichier || '#' || _ligne AS adhesion,
           CASE WHEN siren_membre SIMILAR TO '[0-9]{9}' AND siren_membre <> '000000000' THEN siren_membre ELSE membre END AS organisme,
           depuis, jusqu_a,
           coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire
    FROM socle.adhesions a LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
    WHERE depuis IS NOT NULL),
annees AS (
    -- up to the last year that has ended when the geographic code came out
    SELECT *, unnest(range(depuis, least(coalesce(jusqu_a, 9999),
                     (SELECT max(millesime_cog)::BIGINT - 1 FROM referentiels.appartenances)) + 1)) AS annee
    FROM adhesions)
SELECT niveau, code_territoire, annee::VARCHAR AS periode, adhesion AS unite, organisme AS repondant,
       1 AS nombre_unites, annee - depuis AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: reseau}], recursive := true)
FROM annees
