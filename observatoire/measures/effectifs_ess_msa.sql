-- Effectifs salariés moyens de l'ESS au régime agricole (MSA) ; une table en postes ou en équivalents temps plein n'y entre pas.
-- Une cellule d'un territoire que le découpage ne connaît pas est montrée à part : ses niveaux ne s'ajoutent pas.
-- unité : salariés, moyenne annuelle
-- champ : régime agricole
-- périmètre : MSA
-- lignes : socle.msa_emploi l ON concat_ws('|', l.niveau, l.code_territoire, l.annee, l.categorie) = c.unite AND l.est_ess
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode,
       concat_ws('|', s.niveau, s.code_territoire, annee, categorie) AS unite, concat_ws('|', s.niveau, s.code_territoire) AS repondant,
       nombre_etablissements AS nombre_unites, effectifs_salaries AS valeur,
       unnest(CASE WHEN t.niveau IS NULL THEN [{axe: 'territoire_inconnu', modalite: s.niveau || '|' || categorie}]
              ELSE [{axe: 'total', modalite: 'total'}, {axe: 'categorie_msa', modalite: categorie}] END, recursive := true)
FROM socle.msa_emploi s
LEFT JOIN referentiels.territoires t ON t.niveau = s.niveau AND t.code_territoire = s.code_territoire
WHERE est_ess AND unite_effectifs = 'salariés, moyenne annuelle'
