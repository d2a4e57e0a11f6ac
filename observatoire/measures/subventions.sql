-- Subventions décidées que la collectivité publie (l'obligation commence à 23 000 €) ; d'une subvention partagée, dont chaque
-- ligne répète le montant entier, ne compte que la part du bénéficiaire.
-- unité : € décidés
-- champ : subventions publiées
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite,
       -- an identifier that is none cannot say that two beneficiaries are one
       coalesce(siren_beneficiaire, rna_beneficiaire, nom_beneficiaire, _fichier || '#' || _ligne) AS repondant,
       1 AS nombre_unites,
       montant_eur * CASE WHEN pourcentage_subvention > 0 AND pourcentage_subvention <= 1 THEN pourcentage_subvention ELSE 1 END AS valeur
FROM socle.subventions
LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = siren_attribuant
WHERE etat = 'décidé'
