-- Lignes de budget consacrées à l'ESS ; deux périmètres, ou du voté et du payé, ne s'ajoutent pas : le total est alors inconnu.
-- unité : € déclarés
-- champ : lignes déclarées par la collectivité
-- lignes : socle.budget_ess l ON l._fichier || '#' || l._ligne = c.unite
WITH lignes AS (
    SELECT *, coalesce(exercice::VARCHAR, 'inconnu') AS periode, perimetre || ', ' || etat_budgetaire AS ensemble,
           count(DISTINCT perimetre || ', ' || etat_budgetaire) OVER (PARTITION BY siren_collectivite, exercice) AS ensembles
    FROM socle.budget_ess b
    LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = b.siren_collectivite)
SELECT coalesce(niveau, 'inconnu') AS niveau, coalesce(code_territoire, 'inconnu') AS code_territoire, periode,
       _fichier || '#' || _ligne AS unite, siren_collectivite AS repondant, 1 AS nombre_unites,
       unnest([
           {axe: 'total', modalite: 'total', valeur: CASE WHEN ensembles = 1 THEN montant_eur END},
           {axe: 'confiance', modalite: coalesce(confiance, 'mot à mot'), valeur: montant_eur},
           {axe: 'perimetre', modalite: ensemble, valeur: montant_eur},
           {axe: 'nature', modalite: CASE WHEN ensembles = 1 THEN nature ELSE ensemble || ' | ' || nature END, valeur: montant_eur},
           {axe: 'ligne', modalite: CASE WHEN ensembles = 1 THEN ligne ELSE ensemble || ' | ' || ligne END, valeur: montant_eur}
       ], recursive := true)
FROM lignes
