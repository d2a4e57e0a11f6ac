-- Population municipale des communes ; celles dont le fichier ne dit pas le millésime comptent avec celui des autres.
-- unité : habitants, population municipale
-- champ : communes au découpage en vigueur
-- lignes : referentiels.communes l ON l.code_commune = c.unite
SELECT 'commune' AS niveau, code_territoire,
       coalesce(millesime_population, max(millesime_population) OVER (), 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite,
       code_territoire AS unite, code_territoire AS repondant, 1 AS nombre_unites, population AS valeur
FROM referentiels.territoires
WHERE niveau = 'commune'
