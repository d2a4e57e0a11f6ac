-- Masse salariale brute des établissements de l'ESS, selon les fichiers de paie reçus.
-- unité : €, année
-- champ : établissements de l'ESS (périmètre Insee reconstitué) présents dans les fichiers de paie reçus
-- diffusion : protegee
-- salariés : effectifs_ess_paie
-- plus gros salaire : salaires_maximaux_ess_paie
-- lignes : socle.paie_etablissements l ON l.siret = c.unite AND l.annee::VARCHAR = c.periode
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, nombre_unites, masse_salariale_eur AS valeur
FROM communs.paie_ess
