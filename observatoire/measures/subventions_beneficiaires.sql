-- Subventions décidées et publiées, selon leur bénéficiaire : ce qu'il est, où il est, et s'il a été reconnu.
-- Des personnes physiques, rien d'autre n'est dit que leur total.
-- D'une convention partagée, la part de chaque bénéficiaire ; elle compte pour une subvention dans chaque case où elle est.
-- unité : € décidés
-- champ : subventions publiées
-- lignes : socle.subventions l ON l._fichier || '#' || l._ligne = regexp_replace(c.unite, '#reste$', '')
WITH parts AS (
    SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
           coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne AS unite, beneficiaire AS repondant,
           convention, montant_eur AS valeur,
           unnest([
               {axe: 'total', modalite: 'total'},
               {axe: 'statut_beneficiaire', modalite: statut_beneficiaire},
               {axe: 'nature_aide', modalite: CASE WHEN est_personne_physique THEN 'personne physique' ELSE nature_aide END},
           {axe: 'identification', modalite: CASE WHEN est_personne_physique THEN 'personne physique' ELSE identification END},
               {axe: 'famille', modalite: CASE WHEN statut_beneficiaire = 'ESS' THEN famille ELSE statut_beneficiaire END},
               {axe: 'secteur', modalite: CASE WHEN est_personne_physique THEN 'personne physique' ELSE coalesce(a17, 'inconnu') END},
               {axe: 'lieu_beneficiaire', modalite: CASE WHEN est_personne_physique THEN 'personne physique'
                                                         ELSE coalesce(l.libelle || ' (' || l.code_territoire || ')', 'inconnu') END}
           ], recursive := true)
    FROM socle.beneficiaires b
    LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
    LEFT JOIN referentiels.territoires l ON l.niveau = b.niveau AND l.code_territoire = b.code_territoire
    WHERE etat = 'décidé'
    UNION ALL BY NAME
    -- on every axis, what the shares that are named leave is nobody's that is known
    SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
           coalesce(exercice::VARCHAR, 'inconnu') AS periode, _fichier || '#' || _ligne || '#reste' AS unite,
           convention || ' : non nommés' AS repondant, convention || ' : non nommés' AS convention, reste_eur AS valeur,
           unnest([
               {axe: 'total', modalite: 'total'},
               {axe: 'statut_beneficiaire', modalite: 'bénéficiaires non nommés'},
               {axe: 'nature_aide', modalite: nature_aide},
               {axe: 'identification', modalite: 'bénéficiaires non nommés'},
               {axe: 'famille', modalite: 'bénéficiaires non nommés'},
               {axe: 'secteur', modalite: 'bénéficiaires non nommés'},
               {axe: 'lieu_beneficiaire', modalite: 'bénéficiaires non nommés'}
           ], recursive := true)
    FROM socle.beneficiaires b
    LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = siren_attribuant
    WHERE etat = 'décidé' AND reste_eur <> 0)
SELECT * EXCLUDE (convention),
       CASE WHEN repondant LIKE '% : non nommés' THEN 0
            ELSE (row_number() OVER (PARTITION BY convention, periode, axe, modalite ORDER BY unite) = 1)::INT END AS nombre_unites
FROM parts
