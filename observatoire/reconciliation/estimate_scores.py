"""The estimates scored where an ordered table of Insee or of a CRESS gives the figure they stand for.

The table takes the place of the estimate in what is published (`indicators`); here the two stay side by side, so that
one knows what the estimate was worth. Made from published values only: what is suppressed scores nothing.
"""

from observatoire.derived import Derivee
from observatoire.estimation.tables import REMPLACEES_PAR
from observatoire.schemas import BOOLEEN, NOMBRE, REEL, TEXTE, Colonne, Table
from observatoire.warehouse import sql_literal

_PAIRES = ", ".join(f"({sql_literal(g)}, {sql_literal(indicateur)})" for g, indicateur in REMPLACEES_PAR.items())

NOTES = Derivee(
    nom="notes_estimations",
    schema="indicateurs",
    famille="indicateurs",
    lit=("indicateurs.estimations", "indicateurs.valeurs"),
    publiee=True,
    table=Table(
        "Estimations mises en regard de la table sur mesure qui les remplace : ce que l'estimation valait. Le champ de "
        "la table commandée peut différer du régime général : un écart n'est pas toujours une erreur.",
        (
            Colonne("grandeur", TEXTE, "Ce qui était estimé.", obligatoire=True),
            Colonne("niveau", TEXTE, "Niveau du territoire.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Code du territoire.", obligatoire=True),
            Colonne("periode", TEXTE, "Année des deux.", obligatoire=True),
            Colonne("axe", TEXTE, "Ventilation.", obligatoire=True),
            Colonne("modalite", TEXTE, "Modalité de la ventilation.", obligatoire=True),
            Colonne("estimation", REEL, "Estimation ; vide quand seule une fourchette était donnée."),
            Colonne("borne_basse", REEL, "Borne basse de la fourchette à 90 %.", obligatoire=True),
            Colonne("borne_haute", REEL, "Borne haute de la fourchette à 90 %.", obligatoire=True),
            Colonne("valeur_sur_mesure", NOMBRE, "Valeur de la table sur mesure.", obligatoire=True),
            Colonne("est_dans_la_fourchette", BOOLEEN, "La valeur est dans la fourchette.", obligatoire=True),
            Colonne("ecart_pct", REEL, "Estimation, ou milieu de la fourchette, au-delà de la valeur.", unite="%"),
            Colonne("nature", TEXTE, "reelle, ou demonstration dès que l'un des deux l'est.", obligatoire=True),
        ),
        cle=("grandeur", "niveau", "code_territoire", "periode", "axe", "modalite"),
    ),
    requete=f"""
        SELECT e.grandeur, e.niveau, e.code_territoire, e.periode, e.axe, e.modalite, e.estimation, e.borne_basse,
               e.borne_haute, v.numerateur AS valeur_sur_mesure,
               v.numerateur BETWEEN e.borne_basse AND e.borne_haute AS est_dans_la_fourchette,
               CASE WHEN v.numerateur <> 0 THEN
                   100 * (coalesce(e.estimation, (e.borne_basse + e.borne_haute) / 2) / v.numerateur::DOUBLE - 1) END
                   AS ecart_pct,
               CASE WHEN 'demonstration' IN (e.nature, v.nature) THEN 'demonstration' ELSE 'reelle' END AS nature
        FROM indicateurs.estimations e
        JOIN (VALUES {_PAIRES}) p (grandeur, indicateur) USING (grandeur)
        JOIN indicateurs.valeurs v USING (indicateur, niveau, code_territoire, periode, axe, modalite)
        WHERE v.numerateur IS NOT NULL AND e.borne_basse IS NOT NULL AND e.borne_haute IS NOT NULL
        ORDER BY ALL""",
)
