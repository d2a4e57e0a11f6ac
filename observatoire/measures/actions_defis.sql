-- Actions connues de chaque défi d'un programme ; zéro : aucun résultat publié.
-- lignes : socle.programmes l ON l.type_element = 'action' AND c.unite IN (l.parent, l.rattache_a)
-- valeur d'une ligne : 1
WITH defis AS (
    SELECT d.element, d.titre, d.depuis, d.jusqu_a, o.niveau, o.code_territoire,
           (SELECT count(*) FROM socle.programmes a
            WHERE a.type_element = 'action' AND d.element IN (a.parent, a.rattache_a)) AS actions
    FROM socle.programmes d LEFT JOIN socle.noms_organisations o ON o.nom_ecrit = d.porteur
    WHERE d.type_element = 'defi')
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       coalesce(depuis || '-' || jusqu_a, 'inconnu') AS periode, element AS unite, element AS repondant,
       1 AS nombre_unites, actions AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'defi', modalite: titre}], recursive := true)
FROM defis LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
