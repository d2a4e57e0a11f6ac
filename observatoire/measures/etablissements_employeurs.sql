-- Établissements employeurs actifs, toutes familles (Sirene, caractère employeur « O »).
-- unité : établissements employeurs
-- champ : employeurs publics et privés, agriculture comprise
-- lignes : socle.sirene_etablissements l ON l.siret = c.unite
-- lignes : socle.sirene_unites_legales l ON l.siren = c.repondant
SELECT niveau, code_territoire, millesime AS periode, siret AS unite, siren AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'secteur', modalite: coalesce(a17, 'inconnu')},
           {axe: 'secteur_a38', modalite: coalesce(a38, 'inconnu')},
           {axe: 'division_naf', modalite: coalesce(a88, 'inconnu')},
           {axe: 'tranche', modalite: coalesce(tranche_effectifs, 'inconnu')}
       ], recursive := true)
FROM socle.etablissements
WHERE est_actif AND est_employeur
