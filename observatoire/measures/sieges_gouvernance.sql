-- Sièges de gouvernance et équipes, organismes ou personnes ; les personnes ne sont que comptées.
-- lignes : socle.mandats l ON l._fichier || '#' || l._ligne = c.unite
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, 'inconnu' AS periode, _fichier || '#' || _ligne AS unite,
       coalesce(o.organisation, m.organisation) AS repondant, nombre AS nombre_unites, nombre AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'organe', modalite: organe},
               {axe: 'organe×nature_titulaire', modalite: organe || '|' || nature_titulaire}], recursive := true)
FROM socle.mandats m LEFT JOIN socle.noms_organisations o ON o.nom_ecrit = m.organisation
