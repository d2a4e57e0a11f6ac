-- Cellules des tables sur mesure, dans leur ventilation : celles des années dont la table donne le total.
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode,
       CASE WHEN t.niveau IS NULL THEN 'territoire_inconnu' WHEN famille = 'total' AND secteur = 'total' THEN 'total' WHEN secteur = 'total' THEN 'famille' WHEN famille = 'total' THEN 'secteur'
            ELSE 'famille×secteur' END AS axe,
       CASE WHEN t.niveau IS NULL THEN concat_ws('|', s.niveau, famille, secteur) WHEN famille = 'total' AND secteur = 'total' THEN 'total'
            ELSE concat_ws('|', nullif(famille, 'total'), nullif(secteur, 'total')) END AS modalite,
       concat_ws('|', s.niveau, s.code_territoire) AS unite, concat_ws('|', s.niveau, s.code_territoire) AS repondant,
       NULL AS nombre_unites, valeur, grandeur
FROM socle.tables_sur_mesure s
LEFT JOIN referentiels.territoires t ON t.niveau = s.niveau AND t.code_territoire = s.code_territoire
WHERE EXISTS (
    FROM socle.tables_sur_mesure a
    WHERE a.grandeur = s.grandeur AND a.annee = s.annee AND a.famille = 'total' AND a.secteur = 'total')
