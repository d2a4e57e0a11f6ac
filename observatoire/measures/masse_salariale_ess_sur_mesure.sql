-- Masse salariale de l'ESS selon une table sur mesure de l'Insee ou d'une CRESS ; ce que son producteur a supprimé le reste.
-- Une cellule d'un territoire que le découpage ne connaît pas est montrée à part : ses niveaux ne s'ajoutent pas.
-- unité : € bruts de l'année
-- champ : celui de la table reçue
-- périmètre : celui de la table reçue
-- diffusion : producteur
-- lignes : socle.tables_sur_mesure l ON l.grandeur = 'masse_salariale_eur' AND concat_ws('|', l.niveau, l.code_territoire) = c.unite AND l.annee::VARCHAR = c.periode AND split_part(CASE WHEN c.modalite = 'total' THEN '' ELSE c.modalite END, '|', -1) IN ('', l.famille, l.secteur)
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, nombre_unites, valeur
FROM communs.cellules_sur_mesure
WHERE grandeur = 'masse_salariale_eur'
