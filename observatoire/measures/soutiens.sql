-- Structures et événements de l'ESS qu'une collectivité dit soutenir, avec ou sans montant ; un minimum.
-- unité : soutiens
-- champ : soutiens nommés par les documents
-- lignes : socle.soutiens l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite,
       coalesce(siren_beneficiaire, beneficiaire) AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'type_soutien', modalite: type},
           {axe: 'beneficiaire', modalite: beneficiaire}
       ], recursive := true)
FROM socle.soutiens
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_collectivite
