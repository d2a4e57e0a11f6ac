-- Masse salariale brute du secteur privé des EPCI (Urssaf), les parties d'un EPCI à cheval sur deux régions ajoutées.
-- unité : € bruts de l'année, assiette déplafonnée
-- champ : secteur privé, régime général, hors agriculture et Mayotte
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode, 'total' AS axe, 'total' AS modalite,
       code_epci || '|' || annee AS unite, code_epci AS repondant, CASE WHEN count(nombre_etablissements) = count(*) THEN sum(nombre_etablissements) END AS nombre_unites,
       CASE WHEN count(masse_salariale_eur) = count(*) THEN sum(masse_salariale_eur) END AS valeur
FROM socle.urssaf_prive_epci
LEFT JOIN referentiels.territoires t ON t.niveau = 'epci' AND t.code_territoire = code_epci
GROUP BY ALL
