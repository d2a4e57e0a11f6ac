-- Établissements employeurs selon Flores (Insee), publics et privés.
-- Une cellule d'un territoire que le découpage ne connaît pas est montrée à part : ses niveaux ne s'ajoutent pas.
-- Le chiffre d'une commune qui en comprend une autre (statut W de l'Insee) n'est pas le sien seul : il est montré à part.
-- De deux millésimes, le dernier a révisé l'année qu'ils ont en commun ; le total est le même dans chaque nomenclature.
-- unité : établissements employeurs de décembre
-- champ : public et privé, hors défense et particuliers employeurs
-- lignes : socle.flores l ON l.flores_measure = 'UNIT_LOC' AND concat_ws('|', l.geo_object, l.geo, l.time_period) = c.unite AND l.activity = CASE WHEN c.modalite = 'total' THEN '_T' ELSE split_part(c.modalite, '|', -1) END AND (c.axe NOT LIKE 'activite_%' OR c.axe = 'activite_' || l.nomenclature)
-- valeur d'une ligne : CASE WHEN row_number() OVER (PARTITION BY c.unite, c.axe, c.modalite ORDER BY l.millesime <> 'inconnu' DESC, l.millesime DESC, l.nomenclature) = 1 THEN c.valeur ELSE 0 END
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, valeur AS nombre_unites, valeur
FROM communs.cellules_flores
WHERE flores_measure = 'UNIT_LOC'
