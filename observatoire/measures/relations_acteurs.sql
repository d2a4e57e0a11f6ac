-- Relations entre acteurs que disent les documents, prévues ou actives.
-- lignes : socle.relations l ON l._fichier || '#' || l._ligne = c.unite
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, 'inconnu' AS periode, _fichier || '#' || _ligne AS unite,
       source AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'type_relation', modalite: type_relation},
               {axe: 'statut', modalite: statut}], recursive := true)
FROM socle.relations
