-- Établissements employeurs selon Flores (Insee), publics et privés.
-- Une cellule d'un territoire que le découpage ne connaît pas est montrée à part : ses niveaux ne s'ajoutent pas.
-- Le chiffre d'une commune qui en comprend une autre (statut W de l'Insee) n'est pas le sien seul : il est montré à part.
-- De deux millésimes, le dernier a révisé l'année qu'ils ont en commun ; le total est le même dans chaque nomenclature.
-- unité : établissements employeurs de décembre
-- champ : public et privé, hors défense et particuliers employeurs
-- lignes : socle.flores l ON l.flores_measure = 'UNIT_LOC' AND concat_ws('|', l.geo_object, l.geo, l.time_period) = c.unite AND l.activity = CASE WHEN c.modalite = 'total' THEN '_T' ELSE split_part(c.modalite, '|', -1) END AND (c.axe NOT LIKE 'activite_%' OR c.axe = 'activite_' || l.nomenclature)
-- valeur d'une ligne : CASE WHEN row_number() OVER (PARTITION BY c.unite, c.axe, c.modalite ORDER BY l.millesime <> 'inconnu' DESC, l.millesime DESC, l.nomenclature) = 1 THEN c.valeur ELSE 0 END
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       time_period::VARCHAR AS periode,
       CASE WHEN t.niveau IS NULL THEN 'territoire_inconnu' WHEN obs_status = 'W' THEN 'avec_commune_rattachee' WHEN activity = '_T' THEN 'total' ELSE 'activite_' || nomenclature END AS axe,
       CASE WHEN t.niveau IS NULL THEN concat_ws('|', geo_object, nullif(nomenclature, 'inconnue'), activity) WHEN activity = '_T' THEN 'total'
            WHEN obs_status = 'W' THEN concat_ws('|', nullif(nomenclature, 'inconnue'), activity) ELSE activity END AS modalite,
       concat_ws('|', geo_object, geo, time_period) AS unite, concat_ws('|', geo_object, geo) AS repondant,
       obs_value AS nombre_unites, obs_value AS valeur
FROM socle.flores f
LEFT JOIN referentiels.territoires t
    ON t.niveau = f.niveau AND t.code_territoire = CASE WHEN f.niveau = 'france' THEN 'FR' ELSE f.geo END
WHERE flores_measure = 'UNIT_LOC'
QUALIFY row_number() OVER (
    PARTITION BY geo_object, geo, time_period, activity, CASE WHEN activity <> '_T' THEN nomenclature END
    ORDER BY millesime <> 'inconnu' DESC, millesime DESC, nomenclature) = 1
