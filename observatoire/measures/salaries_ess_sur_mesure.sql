-- Salariés de l'ESS selon une table sur mesure de l'Insee ou d'une CRESS ; ce que son producteur a supprimé le reste.
-- Une cellule d'un territoire que le découpage ne connaît pas est montrée à part : ses niveaux ne s'ajoutent pas.
-- unité : salariés, moyenne annuelle
-- champ : celui de la table reçue
-- périmètre : celui de la table reçue
-- diffusion : producteur
-- lignes : socle.tables_sur_mesure l ON l.grandeur = 'salaries_moyens' AND concat_ws('|', l.niveau, l.code_territoire) = c.unite AND l.annee::VARCHAR = c.periode AND split_part(CASE WHEN c.modalite = 'total' THEN '' ELSE c.modalite END, '|', -1) IN ('', l.famille, l.secteur)
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode,
       CASE WHEN t.niveau IS NULL THEN 'territoire_inconnu' WHEN famille = 'total' AND secteur = 'total' THEN 'total' WHEN secteur = 'total' THEN 'famille' WHEN famille = 'total' THEN 'secteur'
            ELSE 'famille×secteur' END AS axe,
       CASE WHEN t.niveau IS NULL THEN concat_ws('|', s.niveau, famille, secteur) WHEN famille = 'total' AND secteur = 'total' THEN 'total'
            ELSE concat_ws('|', nullif(famille, 'total'), nullif(secteur, 'total')) END AS modalite,
       concat_ws('|', s.niveau, s.code_territoire) AS unite, concat_ws('|', s.niveau, s.code_territoire) AS repondant,
       NULL AS nombre_unites, valeur
FROM socle.tables_sur_mesure s
LEFT JOIN referentiels.territoires t ON t.niveau = s.niveau AND t.code_territoire = s.code_territoire
WHERE grandeur = 'salaries_moyens'
  AND annee IN (SELECT annee FROM socle.tables_sur_mesure WHERE grandeur = 'salaries_moyens' AND famille = 'total' AND secteur = 'total')
