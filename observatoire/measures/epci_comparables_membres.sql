-- Parmi les EPCI comparables d'un EPCI, ceux qui sont membres d'un réseau ou titulaires d'un label, quand leur liste est complète.
-- unité : EPCI
-- champ : EPCI comparables, réseaux et labels dont la liste est complète
-- producteur : réseaux
-- lignes : referentiels.zonages l ON l.niveau = 'epci' AND l.code_territoire = c.repondant
-- lignes : socle.membres_identifies m ON m.siren = c.repondant AND m.reseau = split_part(c.unite, '|', 1) AND m.jusqu_a IS NULL JOIN socle.adhesions l ON l._fichier || '#' || l._ligne = m.adhesion
-- lignes : socle.noms_organisations o ON o.siren = c.repondant JOIN socle.labels l ON l.titulaire = o.nom_ecrit AND l.label = split_part(c.unite, '|', 1)
SELECT niveau, code_territoire, periode, axe, modalite, unite, repondant, nombre_unites, est_membre AS valeur
FROM communs.epci_comparables_listes
