-- Masse salariale brute du secteur privé des EPCI (Urssaf), les parties d'un EPCI à cheval sur deux régions ajoutées.
-- unité : € bruts de l'année, assiette déplafonnée
-- champ : secteur privé, régime général, hors agriculture et Mayotte
-- lignes : socle.urssaf_prive_epci l ON l._fichier || '#' || l._ligne = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode, 'total' AS axe, 'total' AS modalite,
       _fichier || '#' || _ligne AS unite, code_epci AS repondant, nombre_etablissements AS nombre_unites,
       masse_salariale_eur AS valeur
FROM socle.urssaf_prive_epci
LEFT JOIN referentiels.lieux t ON t.niveau_lu = 'epci' AND t.code_lu = code_epci
