-- Événements dont un document dit la tenue, avec ou sans règle.
-- lignes : socle.evenements l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       CASE WHEN depuis IS NULL THEN 'inconnu' WHEN jusqu_a[:4] <> depuis[:4] THEN depuis || '/' || jusqu_a ELSE depuis[:4] END AS periode,
       _fichier || '#' || _ligne AS unite, evenement AS repondant, nombre AS nombre_unites, nombre AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'evenement', modalite: titre}], recursive := true)
FROM socle.evenements LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
WHERE nature_ligne = 'tenue'
