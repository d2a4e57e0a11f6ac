"""Places as files write them, and the territory each is today: one resolution for what registers and budgets name.

A code that is no longer a commune lies where `passages_communes` says; the SIREN of an EPCI that another took over is
that of its successor, where a single one did. What is no place of the observatory (the EPT of the Grand Paris) is in
no row here: what reads it finds nothing, and counts it as unknown.
"""

from observatoire.derived import Derivee
from observatoire.levels import NIVEAUX
from observatoire.schemas import TEXTE, Colonne, Table, refus
from observatoire.sources.territory_columns import EPCI_REMPLACES

LIEUX = Derivee(
    nom="lieux",
    schema="referentiels",
    famille="references",
    lit=("referentiels.territoires", "referentiels.passages_communes"),
    publiee=False,
    table=Table(
        "Lieux tels que les fichiers les écrivent, et le territoire d'aujourd'hui.",
        (
            Colonne("niveau_lu", TEXTE, "Niveau écrit.", obligatoire=True),
            Colonne("code_lu", TEXTE, "Code écrit.", obligatoire=True),
            Colonne(
                "niveau",
                TEXTE,
                "Niveau du territoire le plus fin qui le contient à coup sûr.",
                obligatoire=True,
                regles=(refus("niveau_connu", "niveau inconnu", lambda v: v.isin(NIVEAUX)),),
            ),
            Colonne("code_territoire", TEXTE, "Code de ce territoire.", obligatoire=True),
            Colonne("motif", TEXTE, "Ce qu'est devenu le code écrit ; vide s'il est celui d'aujourd'hui."),
        ),
        cle=("niveau_lu", "code_lu"),
    ),
    requete=f"""
        WITH remplaces(code_lu, code_territoire) AS (VALUES {", ".join(map(str, EPCI_REMPLACES.items()))}),
        lus AS (
            SELECT niveau AS niveau_lu, code_territoire AS code_lu, niveau, code_territoire, NULL::VARCHAR AS motif
            FROM referentiels.territoires
            UNION ALL
            SELECT 'commune', code_ancien, niveau, code_territoire, motif
            FROM referentiels.passages_communes WHERE niveau <> 'inconnu'
            UNION ALL
            SELECT 'epci', r.code_lu, 'epci', r.code_territoire, 'EPCI devenu un autre'
            FROM remplaces r SEMI JOIN referentiels.territoires t
                 ON t.niveau = 'epci' AND t.code_territoire = r.code_territoire)
        FROM lus QUALIFY row_number() OVER (PARTITION BY niveau_lu, code_lu ORDER BY motif NULLS FIRST) = 1
        ORDER BY niveau_lu, code_lu""",
)
