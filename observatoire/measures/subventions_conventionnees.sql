-- Subventions conventionnées que la collectivité publie comme telles ; ne s'ajoutent pas aux décidées ; d'une convention partagée, la
-- part de chaque bénéficiaire ; elle compte pour une subvention.
-- unité : € conventionnés
-- champ : subventions publiées
-- lignes : socle.subventions l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite,
       beneficiaire AS repondant,
       (row_number() OVER (PARTITION BY convention, exercice ORDER BY _ligne) = 1)::INT AS nombre_unites, montant_eur AS valeur
FROM socle.parts_subventions
LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = siren_attribuant
WHERE etat = 'conventionné'
