-- Effectif salarié moyen des établissements de l'ESS, selon les fichiers de paie reçus.
-- unité : salariés, moyenne annuelle
-- champ : établissements de l'ESS (périmètre Insee reconstitué) présents dans les fichiers de paie reçus
-- diffusion : protegee
-- lignes : socle.paie_etablissements l ON l.siret = c.unite AND l.annee::VARCHAR = c.periode
SELECT e.niveau, e.code_territoire, p.annee::VARCHAR AS periode, p.siret AS unite, e.siren AS repondant, 1 AS nombre_unites,
       p.effectif_salarie AS valeur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'famille', modalite: coalesce(e.famille, 'inconnu')},
           {axe: 'secteur', modalite: coalesce(e.a17, 'inconnu')},
           {axe: 'famille×secteur', modalite: coalesce(e.famille, 'inconnu') || '|' || coalesce(e.a17, 'inconnu')}
       ], recursive := true)
FROM socle.paie_etablissements p
JOIN socle.etablissements e USING (siret)
WHERE e.est_ess
