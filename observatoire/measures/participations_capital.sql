-- Participations au capital de sociétés de l'ESS ; jamais des subventions.
-- unité : € de capital
-- champ : participations nommées par les documents
-- lignes : socle.participations l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(year(date_participation)::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite,
       coalesce(siren_societe, societe) AS repondant, 1 AS nombre_unites, montant_eur AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'societe', modalite: societe}], recursive := true)
FROM socle.participations
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_detenteur
