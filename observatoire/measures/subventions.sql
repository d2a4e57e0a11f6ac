-- Subventions publiées par la collectivité (au-dessus de 23 000 €, seuil de l'obligation de publier).
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite,
       coalesce(siren_beneficiaire, rna_beneficiaire, id_beneficiaire, nom_beneficiaire, _fichier || '#' || _ligne) AS repondant,
       1 AS nombre_unites, montant_eur AS valeur
FROM socle.subventions
LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = siren_attribuant
