-- Entrées connues des annuaires et bases d'offres que des documents disent exister ; zéro : il existe, rien n'en est connu.
-- lignes : socle.annuaires l ON l.annuaire = c.unite
-- valeur d'une ligne : (l.organisme IS NOT NULL)::INT
WITH annuaires AS (
    SELECT annuaire, min(contenu) AS contenu, count(organisme) AS entrees FROM socle.annuaires GROUP BY annuaire)
SELECT 'inconnu' AS niveau, 'inconnu' AS code_territoire, 'inconnu' AS periode, annuaire AS unite, annuaire AS repondant,
       entrees AS nombre_unites, entrees AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'annuaire', modalite: contenu || ' (' || annuaire || ')'}], recursive := true)
FROM annuaires
