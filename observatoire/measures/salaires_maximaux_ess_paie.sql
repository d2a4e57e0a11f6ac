-- Plus forte paie de chaque établissement de l'ESS : sert à la règle des 80 %, aucun indicateur n'en vient.
-- diffusion : protegee
-- lignes : socle.paie_etablissements l ON l.siret = c.unite AND l.annee::VARCHAR = c.periode
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, nombre_unites, salaire_maximal_eur AS valeur
FROM communs.paie_ess
