-- Dépenses réelles de fonctionnement mandatées, toutes fonctions de la M57 (balances DGFiP croisées, budget principal).
-- unité : € mandatés
-- champ : dépenses réelles de fonctionnement du budget principal, M57
-- lignes : socle.balances_dgfip l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       annee::VARCHAR AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite, siren AS repondant,
       1 AS nombre_unites, mandate_reel_eur AS valeur
FROM socle.balances_dgfip
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren
WHERE nomenclature LIKE 'M57%' AND presentation = 'croisée' AND type_budget = 'principal' AND mandate_reel_eur IS NOT NULL
    AND coalesce(etat_balance, 'DEF') = 'DEF'
