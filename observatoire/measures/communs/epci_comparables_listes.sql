-- Chaque EPCI comparable d'un EPCI, une fois par réseau ou label dont la liste est complète : en est-il membre ?
WITH labels AS (
    -- the last state of a label; one taken away, nobody says when, is taken away
    SELECT label, o.siren, etat FROM socle.labels l JOIN socle.noms_organisations o ON o.nom_ecrit = l.titulaire
    WHERE etat <> 'annonce' AND o.siren IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY label, o.siren
        ORDER BY coalesce(date_etat, au_plus_tard, CASE etat WHEN 'retire' THEN '9999' ELSE '' END) DESC, etat DESC) = 1),
membres AS (
    SELECT reseau AS liste, siren FROM socle.membres_identifies WHERE siren IS NOT NULL AND jusqu_a IS NULL
    UNION SELECT label, siren FROM labels WHERE etat = 'labellise'),
annoncees AS (
    SELECT reseau AS liste, max(membres_declares) AS declares FROM socle.reseaux GROUP BY ALL
    UNION ALL SELECT label, max(titulaires_declares) FROM socle.labels GROUP BY ALL),
listes AS (
    -- a list is complete when it names as many members as are declared
    SELECT liste FROM annoncees WHERE declares <= (SELECT count(*) FROM membres m WHERE m.liste = annoncees.liste))
SELECT 'epci' AS niveau, c.code_territoire, 'inconnu' AS periode, listes.liste || '|' || c.code_territoire || '|' || code_comparable AS unite,
       code_comparable AS repondant, 1 AS nombre_unites, (m.siren IS NOT NULL)::BIGINT AS est_membre,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'reseau', modalite: listes.liste}], recursive := true)
FROM referentiels.comparables c CROSS JOIN listes
LEFT JOIN membres m ON m.liste = listes.liste AND m.siren = c.code_comparable
