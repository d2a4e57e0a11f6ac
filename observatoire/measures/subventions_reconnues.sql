-- Subventions décidées et publiées dont on sait si le bénéficiaire est dans l'ESS : Sirene ou le RNA le connaissent. Les autres
-- comptent pour zéro.
-- unité : € décidés
-- champ : subventions publiées
-- lignes : socle.subventions l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite,
       beneficiaire AS repondant, (est_ess IS NOT NULL)::INT AS nombre_unites,
       CASE WHEN est_ess IS NULL THEN 0 ELSE montant_eur END AS valeur
FROM socle.beneficiaires
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
WHERE etat = 'décidé'
