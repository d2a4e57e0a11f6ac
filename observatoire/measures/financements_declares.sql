-- Financements d'organismes déclarés par des documents, peut-être compris dans une ligne de budget : montrés, jamais ajoutés.
-- unité : € déclarés
-- champ : financements nommés par les documents
-- lignes : socle.financements l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite,
       coalesce(siren_beneficiaire, beneficiaire) AS repondant, 1 AS nombre_unites, montant_eur AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'beneficiaire', modalite: beneficiaire}], recursive := true)
FROM socle.financements
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_financeur
