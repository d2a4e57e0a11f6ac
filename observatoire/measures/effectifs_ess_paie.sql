-- Effectif salarié moyen des établissements de l'ESS, selon les fichiers de paie reçus.
-- unité : salariés, moyenne annuelle
-- champ : établissements de l'ESS (périmètre Insee reconstitué) présents dans les fichiers de paie reçus
-- diffusion : protegee
-- lignes : socle.paie_etablissements l ON l.siret = c.unite AND l.annee::VARCHAR = c.periode
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, nombre_unites, effectif_salarie AS valeur
FROM communs.paie_ess
