-- Événements dont la tenue est connue, parmi ceux qu'une règle fait attendre ; zéro quand aucun document n'en dit la tenue.
-- unité : événements
-- champ : séries dont un document annonce la fréquence
-- lignes : socle.evenements l ON l.nature_ligne = 'tenue' AND l.evenement = c.repondant AND coalesce(l.depuis[:4], 'inconnu') = c.periode
-- lignes : socle.evenements l ON l.nature_ligne = 'regle' AND l.evenement || '|' || l.document = c.unite
-- valeur d'une ligne : l.nombre
WITH tenues AS (
    SELECT evenement, list(DISTINCT coalesce(depuis[:4], 'inconnu')) AS annees
    FROM socle.evenements WHERE nature_ligne = 'tenue' GROUP BY ALL),
regles AS (
    -- a rule without dates is that of each year an event was held
    SELECT r.*, unnest(CASE WHEN depuis IS NULL OR jusqu_a IS NULL THEN coalesce(annees, ['inconnu'])
                            ELSE [a::VARCHAR FOR a IN range(depuis[:4]::BIGINT, jusqu_a[:4]::BIGINT + 1)] END) AS periode
    FROM socle.evenements r LEFT JOIN tenues USING (evenement)
    WHERE nature_ligne = 'regle' AND attendus_par_an IS NOT NULL),
comptees AS (
    SELECT r.evenement, r.document, r.periode, coalesce(sum(h.nombre), 0) AS tenus
    FROM regles r LEFT JOIN socle.evenements h
      ON h.nature_ligne = 'tenue' AND h.evenement = r.evenement AND coalesce(h.depuis[:4], 'inconnu') = r.periode
    GROUP BY ALL)
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, periode,
       evenement || '|' || document AS unite, evenement AS repondant, 1 AS nombre_unites, tenus AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'evenement', modalite: titre}], recursive := true)
FROM regles JOIN comptees USING (evenement, document, periode)
LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
