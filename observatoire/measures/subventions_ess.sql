-- Subventions décidées et publiées dont le bénéficiaire est reconnu dans l'ESS (périmètre Insee reconstitué) ; inconnu quand
-- aucun des bénéficiaires de la collectivité et de l'exercice n'a pu être reconnu, zéro quand aucun des reconnus n'est de l'ESS.
-- D'une convention partagée, la part de chaque bénéficiaire ; elle compte pour une subvention dans chaque case où elle est.
-- unité : € décidés
-- champ : subventions publiées
-- lignes : socle.subventions l ON l._fichier || '#' || l._ligne = c.unite
WITH lignes AS (
    SELECT *, count(est_ess) OVER exercices > 0 AS est_lisible, coalesce(bool_or(est_ess) OVER exercices, false) AS est_aidee,
           row_number() OVER (exercices ORDER BY _fichier, _ligne) AS rang
    FROM socle.beneficiaires WHERE etat = 'décidé'
    WINDOW exercices AS (PARTITION BY siren_attribuant, exercice)),
parts AS (
    SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
           coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite, beneficiaire AS repondant,
           convention, est_lisible, est_aidee, CASE WHEN est_ess THEN montant_eur WHEN est_lisible THEN 0 END AS valeur,
           unnest(CASE WHEN est_ess THEN [
               {axe: 'total', modalite: 'total'},
               {axe: 'famille', modalite: famille},
               {axe: 'secteur', modalite: coalesce(a17, 'inconnu')},
               {axe: 'lieu_beneficiaire', modalite: coalesce(l.libelle || ' (' || l.code_territoire || ')', 'inconnu')}
           ] ELSE [{axe: 'total', modalite: 'total'}] END, recursive := true)
    FROM lignes b
    LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
    LEFT JOIN referentiels.territoires l ON l.niveau = b.niveau AND l.code_territoire = b.code_territoire
    -- where none is of the ESS, one row says so
    WHERE est_ess OR NOT est_lisible OR (NOT est_aidee AND rang = 1))
SELECT * EXCLUDE (convention, est_lisible, est_aidee),
       CASE WHEN est_aidee THEN (row_number() OVER (PARTITION BY convention, periode, axe, modalite ORDER BY unite) = 1)::INT
            WHEN est_lisible THEN 0 END AS nombre_unites
FROM parts
