-- Subventions de fonctionnement aux personnes de droit privé, telles que mandatées : compte 6574 en M14, 65741 (ménages) à 65748
-- en M57 ; tous les budgets de la collectivité. De deux présentations des mêmes dépenses, l'une compte.
-- unité : € mandatés
-- champ : comptes 6574 (M14) et 65741 à 65748 (M57), tous les budgets
-- lignes : socle.balances_dgfip l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       exercice::VARCHAR AS periode, _fichier || '#' || _ligne AS unite, siren_attribuant AS repondant, 1 AS nombre_unites,
       montant_eur AS valeur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'compte', modalite: nomenclature[:3] || ' ' || CASE WHEN nomenclature LIKE 'M57%' THEN compte[:5] ELSE compte[:4] END}
       ], recursive := true)
FROM socle.comptes_subventions
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
