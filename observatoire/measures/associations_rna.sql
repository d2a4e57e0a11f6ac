-- Associations déclarées actives (RNA), au siège, avec ou sans salarié.
-- unité : associations actives
-- champ : associations de la loi de 1901, hors 57, 67 et 68
-- lignes : socle.rna l ON l.id_association = c.unite
WITH mois AS (SELECT coalesce(strftime(max(date_maj) FILTER (date_maj <= current_date + 1), '%Y-%m'), 'inconnu') AS periode FROM socle.rna)
SELECT CASE WHEN c.code_commune IS NOT NULL THEN 'commune' WHEN p.niveau IS NOT NULL THEN p.niveau
            WHEN d.code_territoire IS NOT NULL THEN 'departement' ELSE 'inconnu' END AS niveau,
       coalesce(c.code_commune, p.code_territoire, d.code_territoire, 'inconnu') AS code_territoire,
       mois.periode, r.id_association AS unite, r.id_association AS repondant, 1 AS nombre_unites, 1 AS valeur,
       unnest([
           {axe: 'total', modalite: 'total'},
           {axe: 'nature', modalite: CASE WHEN r.nature = 'D' THEN 'déclarée'
                                          WHEN r.nature = 'R' THEN 'reconnue d''utilité publique'
                                          WHEN r.nature IN ('A', 'B', 'G', 'M', 'S', 'U') THEN 'autre' ELSE 'inconnu' END},
           {axe: 'groupement', modalite: CASE r.groupement WHEN 'S' THEN 'simple' WHEN 'U' THEN 'union'
                                                           WHEN 'F' THEN 'fédération' ELSE 'inconnu' END}
       ], recursive := true)
FROM socle.rna r
CROSS JOIN mois
LEFT JOIN referentiels.communes c ON c.code_commune = r.code_commune_lu
LEFT JOIN referentiels.passages_communes p ON p.code_ancien = r.code_commune_lu
LEFT JOIN referentiels.zonages d ON d.niveau = 'departement'
     AND d.code_territoire = CASE WHEN r.code_commune_lu LIKE '97%' THEN r.code_commune_lu[:3] ELSE r.code_commune_lu[:2] END
