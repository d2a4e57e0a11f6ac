-- Subventions décidées que la collectivité publie (l'obligation commence à 23 000 €) ; d'une convention partagée, la part de
-- chaque bénéficiaire ; elle compte pour une subvention.
-- unité : € décidés
-- champ : subventions publiées
-- lignes : socle.subventions l ON l._fichier || '#' || l._ligne = regexp_replace(c.unite, '#reste$', '')
WITH parts AS (
    SELECT *, _fichier || '#' || _ligne AS unite, beneficiaire AS repondant, montant_eur AS valeur,
           (row_number() OVER (PARTITION BY convention, exercice ORDER BY _ligne) = 1)::INT AS nombre_unites
    FROM socle.parts_subventions
    UNION ALL BY NAME
    -- what the shares that are named leave of a convention: it counts whole
    SELECT *, _fichier || '#' || _ligne || '#reste' AS unite, convention || ' : non nommés' AS repondant, reste_eur AS valeur,
           0 AS nombre_unites
    FROM socle.parts_subventions WHERE reste_eur <> 0)
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite, unite, repondant, nombre_unites,
       valeur
FROM parts
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
WHERE etat = 'décidé'
