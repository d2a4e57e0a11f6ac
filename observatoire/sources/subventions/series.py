"""What is seen of grants only when all the files are together: it is flagged, and refuses nothing."""

from observatoire.schemas import RegleEnsemble

# 2024-07-02, 02/07/2024 or 2-juil : what a spreadsheet makes of « 2.7 »
DATE_DE_TABLEUR = r"\d{4}-\d{2}-\d{2}([ T]00:00:00)?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}[-. ][a-zéû]{3,5}\.?([-. ]\d{2,4})?"

ENSEMBLE = (
    RegleEnsemble(
        "attribuant_change",
        "id_attribuant",
        "SIRET de l'attribuant autre que celui de ses premières lignes : déménagement, fusion, ou erreur ? "
        "dit une fois par fichier ; compté là où mène ce SIRET",
        """
        SELECT _fichier, _ligne, id_attribuant AS valeur
        FROM (SELECT *, lower(nom_attribuant) AS nom, regexp_replace(id_attribuant, '[^0-9]', '', 'g') AS siret
              FROM lignes WHERE siren_attribuant IS NOT NULL)
        WHERE nom IS NOT NULL
        -- compared as read: blanks in a number change nobody
        QUALIFY siret <> first_value(siret) OVER (PARTITION BY nom ORDER BY exercice NULLS LAST, _fichier, _ligne)
            AND row_number() OVER (PARTITION BY _fichier, nom, siret ORDER BY _ligne) = 1""",
    ),
    RegleEnsemble(
        "reference_en_date",
        "reference_decision",
        "référence qui ressemble à une date : « 2.7 » transformé par un tableur ? gardée telle quelle",
        # where nearly all of them are dates, they are those of the meetings of the council
        f"""
        SELECT _fichier, _ligne, reference_decision AS valeur
        FROM (SELECT *, regexp_full_match(reference_decision, '{DATE_DE_TABLEUR}', 'i') AS est_date
              FROM lignes WHERE reference_decision IS NOT NULL)
        QUALIFY est_date AND count(*) FILTER (est_date) OVER (PARTITION BY _fichier)
                             <= count(*) FILTER (NOT est_date) OVER (PARTITION BY _fichier)""",
    ),
    RegleEnsemble(
        "date_sans_jour",
        "",
        "conventions dont la date ne donne pas un jour (une année ou un mois seul, plusieurs dates) : l'exercice "
        "se lit, le jour non ; dit une fois par fichier",
        """
        SELECT _fichier, min(_ligne) AS _ligne, count(*) || ' lignes' AS valeur FROM lignes
        WHERE exercice_origine = 'convention' AND date_convention IS NULL
        GROUP BY _fichier""",
    ),
    RegleEnsemble(
        "origines_melees",
        "exercice",
        "série dont les exercices ne sont pas tous dits par la même chose (voir exercice_origine) : d'une année à "
        "l'autre, comparer avec prudence ; dit une fois par attribuant",
        """
        SELECT _fichier, _ligne, premiere || ', puis ' || exercice_origine AS valeur
        FROM (SELECT *, first_value(exercice_origine) OVER (serie ORDER BY _fichier, _ligne) AS premiere,
                     max(exercice) OVER serie > min(exercice) OVER serie AS est_serie
              FROM lignes WHERE exercice IS NOT NULL
              WINDOW serie AS (PARTITION BY siren_attribuant, etat))
        WHERE est_serie AND exercice_origine <> premiere
        QUALIFY row_number() OVER (PARTITION BY siren_attribuant, etat ORDER BY _fichier, _ligne) = 1""",
    ),
)
