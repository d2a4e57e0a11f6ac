-- Établissements de l'ESS présents dans les fichiers de paie reçus, dans chaque ventilation.
SELECT e.niveau, e.code_territoire, p.annee::VARCHAR AS periode, p.siret AS unite, e.siren AS repondant, 1 AS nombre_unites,
       p.effectif_salarie, p.masse_salariale_eur, p.salaire_maximal_eur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'famille', modalite: coalesce(e.famille, 'inconnu')},
           {axe: 'secteur', modalite: coalesce(e.a17, 'inconnu')},
           {axe: 'famille×secteur', modalite: coalesce(e.famille, 'inconnu') || '|' || coalesce(e.a17, 'inconnu')}
       ], recursive := true)
FROM socle.paie_etablissements p
JOIN socle.etablissements e USING (siret)
WHERE e.est_ess
