-- Dépenses réelles de fonctionnement mandatées à la fonction 65 de la M57, « Insertion économique et économie sociale,
-- solidaire » (balances DGFiP croisées, budget principal) ; la fonction 65 de la M14 en est une autre.
-- unité : € mandatés
-- champ : dépenses réelles de fonctionnement du budget principal, M57
-- lignes : socle.balances_dgfip l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       annee::VARCHAR AS periode, 'total' AS axe, 'total' AS modalite, _fichier || '#' || _ligne AS unite, siren AS repondant,
       est_fonction_ess::INT AS nombre_unites, CASE WHEN est_fonction_ess THEN mandate_reel_eur ELSE 0 END AS valeur
FROM socle.balances_dgfip
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren
WHERE nomenclature LIKE 'M57%' AND presentation = 'croisée' AND type_budget = 'principal' AND mandate_reel_eur IS NOT NULL
    AND coalesce(etat_balance, 'DEF') = 'DEF'
