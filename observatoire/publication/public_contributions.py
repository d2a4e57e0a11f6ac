"""The contributions of the focal territory, as a public table: a figure unfolds by SQL alone.

    SELECT c.* FROM indicateurs.valeurs v
    JOIN indicateurs.catalogue k USING (indicateur)
    JOIN indicateurs.contributions c
      ON c.mesure = split_part(k.mesure_numerateur, ' (', 1) AND c.niveau = v.niveau
     AND c.code_territoire = v.code_territoire AND c.periode = v.periode AND c.axe = v.axe AND c.modalite = v.modalite
    WHERE v.indicateur = 'subventions_montant' AND v.periode = '2024'

The sum of `valeur` is the numerator where the catalogue says `(somme)`, that of `nombre_unites` where it says
`(nombre_unites)`; medians, distinct counts and concentrations are recomputed from the rows. Free measures only:
nothing of a protected one is here. Other territories, what is left out and why, are for the job `deplier`.
"""

import duckdb

from observatoire.indicators.catalog import mesures, sources_of_measure
from observatoire.indicators.contributions import select_contributions
from observatoire.indicators.cube import coverage_of
from observatoire.indicators.raw_lines import LIGNES, find_lines, public_lines
from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.states import common_nature
from observatoire.warehouse import Entrepot

CONTRIBUTIONS = Table(
    "Ce que chaque ligne lue ajoute aux chiffres du territoire de cette publication : dans une case, la "
    "somme de valeur est le terme que le catalogue dit (somme), celle de nombre_unites le terme (nombre_unites), "
    "au centime ; médianes, comptes de répondants et concentrations se recalculent des lignes, si "
    "aucune n'est seulement comptée. Les lignes qui ne peuvent être montrées y sont comptées par "
    "raison. Se joint à indicateurs.valeurs par la case, et par la mesure que nomme indicateurs.catalogue.",
    (
        Colonne("mesure", TEXTE, "Mesure, celle que nomme mesure_numerateur ou mesure_denominateur du catalogue."),
        Colonne("niveau", TEXTE, "Niveau du territoire : epci."),
        Colonne("code_territoire", TEXTE, "Code du territoire de cette publication."),
        *(colonne for colonne in LIGNES.colonnes if colonne.nom != "role"),
        Colonne("sha256", TEXTE, "Empreinte du fichier d'où vient la ligne."),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une source de la mesure l'est."),
    ),
)


def register_contributions(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot) -> None:
    """Make the temporary table `r_contributions`, from a warehouse where `r_sources` is registered."""
    colonnes = ", ".join(f"{colonne.nom} {colonne.type_sql}" for colonne in CONTRIBUTIONS.colonnes)
    connexion.execute(f"CREATE TEMP TABLE r_contributions ({colonnes})")
    lieu = {"niveau": "epci", "code_territoire": entrepot.settings.territoire}
    for mesure in mesures().values():
        if mesure.diffusion != "libre" or coverage_of(entrepot, mesure) == "aucune":
            continue
        nature = common_nature(entrepot, sources_of_measure(mesure))
        select_contributions(connexion, entrepot, mesure, lieu)
        find_lines(connexion, mesure, "contributions")
        connexion.execute(
            f"""
            INSERT INTO r_contributions BY NAME
            SELECT l.* EXCLUDE (role), $mesure AS mesure, $niveau AS niveau, $code_territoire AS code_territoire,
                   sha256, $nature AS nature
            FROM ({public_lines(mesure)}) l
            LEFT JOIN (SELECT DISTINCT source, fichier, sha256 FROM r_sources) USING (source, fichier)
            WHERE role = 'compte'""",
            {"mesure": mesure.nom, "nature": nature, **lieu},
        )
