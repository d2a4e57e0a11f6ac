-- Subventions décidées et publiées dont le bénéficiaire est reconnu dans l'ESS (périmètre Insee reconstitué) ; inconnu quand
-- aucun des bénéficiaires de la collectivité et de l'exercice n'a pu être reconnu.
-- unité : € décidés
-- champ : subventions publiées
WITH lignes AS (
    SELECT *, count(est_ess) OVER (PARTITION BY siren_attribuant, exercice) > 0 AS est_lisible
    FROM socle.beneficiaires WHERE etat = 'décidé')
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite, beneficiaire AS repondant,
       CASE WHEN est_lisible THEN 1 END AS nombre_unites, CASE WHEN est_lisible THEN montant_eur END AS valeur,
       unnest(CASE WHEN est_lisible THEN [
           {axe: 'total', modalite: 'total'},
           {axe: 'famille', modalite: famille},
           {axe: 'secteur', modalite: coalesce(a17, 'inconnu')},
           {axe: 'lieu_beneficiaire', modalite: coalesce(l.libelle || ' (' || l.code_territoire || ')', 'inconnu')}
       ] ELSE [{axe: 'total', modalite: 'total'}] END, recursive := true)
FROM lignes b
LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = siren_attribuant
LEFT JOIN referentiels.territoires l ON l.niveau = b.niveau AND l.code_territoire = b.code_territoire
WHERE est_ess OR NOT est_lisible
