-- Lignes de budget consacrées à l'ESS ; le total n'existe que dans un seul périmètre, car deux périmètres ne s'ajoutent pas.
WITH lignes AS (
    SELECT *, coalesce(exercice::VARCHAR, 'inconnu') AS periode, coalesce(t.niveau, 'inconnu') AS niveau_connu,
           count(DISTINCT perimetre) OVER (PARTITION BY siren_collectivite, exercice) AS perimetres
    FROM socle.budget_ess b
    LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = b.siren_collectivite)
SELECT niveau_connu AS niveau, coalesce(code_territoire, 'inconnu') AS code_territoire, periode,
       _fichier || '#' || _ligne AS unite, siren_collectivite AS repondant, 1 AS nombre_unites, montant_eur AS valeur,
       unnest([
           {axe: CASE WHEN perimetres = 1 THEN 'total' ELSE 'perimetre' END,
            modalite: CASE WHEN perimetres = 1 THEN 'total' ELSE perimetre END},
           {axe: 'ligne', modalite: ligne}
       ], recursive := true)
FROM lignes
