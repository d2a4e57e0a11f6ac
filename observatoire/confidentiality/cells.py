"""The cells of a protected measure for one period, and the equations that tie them: what an attacker reasons on.

A cell is a territory and a modality of a breakdown. Beside those that are published, some exist only as differences:
what is known at a département but in none of its communes, a crossing at the commune. They are nowhere in a release,
and subtraction gives them. Which cells are sensitive belongs to `primary`; hiding, to the modules after it.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from observatoire.confidentiality.primary import (
    PART_MAXIMALE_REPONDANT_PCT,
    PART_MAXIMALE_SALARIE_PCT,
    PEU_NOMBREUX,
    RESPONDENTS,
    SEUIL_REPONDANTS,
    SEUIL_SALARIES,
    primary_rules,
)
from observatoire.indicators.catalog import CROISEMENT, Mesure
from observatoire.levels import NIVEAUX

Masque = npt.NDArray[np.bool_]
Reels = npt.NDArray[np.float64]
Entiers = npt.NDArray[np.int64]
Lieu = tuple[str, str]

CLE = ("niveau", "code_territoire", "axe", "modalite")
# what is known at a level and in nothing smaller: `en_propre:departement`
EN_PROPRE = "en_propre:"
RESTE = "reste:"
DIFFERENCE = " dans une différence"


@dataclass(frozen=True)
class Systeme:
    """The cells of a measure in a period, and what ties them.

    Attributes:
        cellules: one row a cell, columns `CLE`, `valeur` (float, null when withheld), `texte` (the exact value),
            `nombre_unites`, `raison` (of the primary suppression, null when there is none), `est_publiable` (its row is
            in a release, hidden or not), `variable`, and for the rules on employees `salaries` and `plus_fort` (the
            largest pay), null where they do not apply.
        matrice: equations × variables, -1 for the whole and 1 for its parts; each row is zero on the true values. Cells
            that count the same units are one variable.
        valeurs: value of each variable, NaN when withheld.
        zones, epci: the place each place counts in: commune, département, région, France; and its EPCI.
        repondants: variables × respondents, the value each has there.
    """

    cellules: pd.DataFrame
    matrice: sparse.csr_matrix
    valeurs: Reels
    zones: dict[Lieu, Lieu]
    epci: dict[Lieu, Lieu]
    repondants: sparse.csr_matrix

    @property
    def nombre(self) -> int:
        """Number of variables."""
        return len(self.valeurs)

    def variables_of(self, cellules: Masque) -> Masque:
        """Return the variables that have a cell among these."""
        masque = np.zeros(self.nombre, dtype=bool)
        masque[self.cellules["variable"].to_numpy()[cellules]] = True
        return masque

    def broken_rules(self, sommes: sparse.csr_matrix) -> list[str | None]:
        """Say which primary rule each sum of variables breaks, as if it were a cell; None for those that break none.

        Args:
            sommes: sums × variables, 1 for what is added.
        """
        cellules = self.cellules.drop_duplicates("variable").sort_values("variable")
        sans_nombre = sommes @ cellules["nombre_unites"].isna().to_numpy(dtype=float) > 0
        plus_forts = sommes.multiply(cellules["plus_fort"].fillna(0).to_numpy(dtype=float)).max(axis=1).toarray()
        return _broken_rules(
            np.where(sans_nombre, np.nan, sommes @ self.valeurs),
            sommes @ self.repondants,
            sommes @ cellules["salaries"].to_numpy(dtype=float),
            plus_forts.ravel(),
        )


def periods_of(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> list[str]:
    """Return the periods a measure speaks of."""
    requete = f"SELECT DISTINCT periode FROM mesures.{mesure.nom} ORDER BY periode"
    return [periode for (periode,) in connexion.execute(requete).fetchall()]


def build_system(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, periode: str) -> Systeme:
    """Build the cells of a measure in a period, and their equations, from its contributions.

    Args:
        connexion: the warehouse, with its tables as views.
        mesure: a protected measure.
        periode: one of its periods.
    """
    _write_cells(connexion, mesure, periode)
    cellules = connexion.execute("FROM secret_cellules ORDER BY id").df()
    _write_places(connexion)
    liens = connexion.execute(LIENS).df()
    repondants = _respondents(connexion, len(cellules))
    liens, restes, les_leurs = _with_remainders(cellules, liens, repondants)
    cellules = pd.concat([cellules, restes], ignore_index=True)
    variables = _merge_equals(len(cellules), liens)
    cellules["variable"] = variables
    valeurs = np.zeros(variables.max() + 1 if len(variables) else 0)
    valeurs[variables] = cellules["valeur"].to_numpy(dtype=float)
    matrice = _matrix(liens, variables, len(valeurs))
    _, premieres = np.unique(variables, return_index=True)
    repondants = sparse.vstack([repondants, les_leurs], format="csr")[premieres]
    return Systeme(cellules, matrice, valeurs, _places(connexion, "zones"), _places(connexion, "epci"), repondants)


def _places(connexion: duckdb.DuckDBPyConnection, genre: str) -> dict[Lieu, Lieu]:
    """Read in which place each place with a cell counts."""
    requete = f"""
        SELECT niveau, code_territoire, niveau_parent, code_parent FROM secret_lieux
        SEMI JOIN secret_cellules USING (niveau, code_territoire) WHERE genre = '{genre}' ORDER BY ALL"""
    return {(n, c): (np_, cp) for n, c, np_, cp in connexion.execute(requete).fetchall()}


def _write_cells(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, periode: str) -> None:
    """Write `secret_cellules`, the cells of the period and why they are confidential, and `secret_repondants`."""
    lignes = f"""
        SELECT p.niveau_parent AS niveau, p.code_parent AS code_territoire, m.* EXCLUDE (niveau, code_territoire)
        FROM mesures.{mesure.nom} m JOIN secret_places p USING (niveau, code_territoire)
        WHERE m.periode = $periode"""
    write_places(connexion, "secret_places", "referentiels.appartenances", "referentiels.territoires")
    connexion.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE secret_repondants AS
        WITH lignes AS ({lignes}) {RESPONDENTS}""",
        {"periode": periode},
    )
    connexion.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE secret_cellules AS
        WITH lignes AS ({lignes}), par_repondant AS (FROM secret_repondants),
        {primary_rules(mesure)},
        publiees AS (SELECT {", ".join(CLE)} FROM indicateurs.cube WHERE mesure = '{mesure.nom}' AND periode = $periode)
        SELECT row_number() OVER (ORDER BY {", ".join(CLE)}) - 1 AS id, {", ".join(f"s.{c}" for c in CLE)},
               s.somme::DOUBLE AS valeur, s.somme::VARCHAR AS texte, s.nombre_unites, s.raison,
               {"coalesce(salaries, 0)" if mesure.salaries else "NULL"}::DOUBLE AS salaries,
               plus_fort::DOUBLE AS plus_fort,
               p.niveau IS NOT NULL AND NOT (s.niveau = 'commune' AND s.axe LIKE '%{CROISEMENT}%') AS est_publiable
        FROM statistiques s LEFT JOIN publiees p USING ({", ".join(CLE)})
             LEFT JOIN salaries USING ({", ".join(CLE)}) LEFT JOIN plus_fort USING ({", ".join(CLE)})""",
        {"periode": periode},
    )


def write_places(connexion: duckdb.DuckDBPyConnection, nom: str, appartenances: str, territoires: str) -> None:
    """Write a table of the places that contain each place, itself included, from two tables of references."""
    connexion.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {nom} AS
        SELECT niveau, code_territoire, niveau_parent, code_parent FROM {appartenances}
        UNION ALL SELECT niveau, code_territoire, niveau, code_territoire FROM {territoires}
        UNION ALL SELECT 'inconnu', 'inconnu', 'inconnu', 'inconnu'
        UNION ALL SELECT niveau, code_territoire, '{EN_PROPRE}' || niveau, code_territoire
        FROM {territoires} WHERE niveau <> 'commune'"""
    )


def _write_places(connexion: duckdb.DuckDBPyConnection) -> None:
    """Write `secret_lieux`: in which place each place counts, up to France, and in its EPCI."""
    ordre = f"list_position({list(NIVEAUX)}, niveau_parent)"
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE secret_lieux AS
        WITH plus_proche AS (
            SELECT niveau, code_territoire, niveau_parent, code_parent FROM referentiels.appartenances
            WHERE niveau_parent IN ('departement', 'region', 'france')
            QUALIFY row_number() OVER (PARTITION BY niveau, code_territoire ORDER BY {ordre}) = 1)
        SELECT 'zones' AS genre, niveau, code_territoire, niveau_parent, code_parent
        FROM plus_proche WHERE niveau <> 'epci'
        UNION ALL SELECT 'zones', '{EN_PROPRE}epci', code_territoire, niveau_parent, code_parent
        FROM plus_proche WHERE niveau = 'epci'
        UNION ALL SELECT 'zones', '{EN_PROPRE}' || niveau, code_territoire, niveau, code_territoire
        FROM referentiels.territoires WHERE niveau NOT IN ('commune', 'epci')
        UNION ALL SELECT 'epci', niveau, code_territoire, niveau_parent, code_parent
        FROM referentiels.appartenances WHERE niveau = 'commune' AND niveau_parent = 'epci'
        UNION ALL SELECT 'epci', '{EN_PROPRE}epci', code_territoire, 'epci', code_territoire
        FROM referentiels.territoires WHERE niveau = 'epci'""")


# each whole and its parts: the places it holds, the modalities of a breakdown, the two sides of a crossing
LIENS = f"""
    WITH liens AS (
        SELECT l.genre, t.id AS tout, e.id AS partie
        FROM secret_cellules e JOIN secret_lieux l USING (niveau, code_territoire)
        JOIN secret_cellules t ON t.niveau = l.niveau_parent AND t.code_territoire = l.code_parent
             AND t.axe = e.axe AND t.modalite = e.modalite
        UNION ALL
        SELECT e.axe, t.id, e.id FROM secret_cellules e
        JOIN secret_cellules t ON t.niveau = e.niveau AND t.code_territoire = e.code_territoire AND t.axe = 'total'
        WHERE e.axe <> 'total' AND NOT contains(e.axe, '{CROISEMENT}')
        UNION ALL
        SELECT e.axe || rang, t.id, e.id
        FROM (SELECT *, unnest([1, 2]) AS rang FROM secret_cellules WHERE contains(axe, '{CROISEMENT}')) e
        JOIN secret_cellules t ON t.niveau = e.niveau AND t.code_territoire = e.code_territoire
             AND t.axe = split_part(e.axe, '{CROISEMENT}', rang) AND t.modalite = split_part(e.modalite, '|', rang))
    SELECT dense_rank() OVER (ORDER BY tout, genre) - 1 AS equation, tout, partie FROM liens
    ORDER BY equation, partie"""


def _with_remainders(
    cellules: pd.DataFrame, liens: pd.DataFrame, repondants: sparse.csr_matrix
) -> tuple[pd.DataFrame, pd.DataFrame, sparse.csr_matrix]:
    """Give a remainder to each whole its parts do not fill; drop the equation where parts overlap or are withheld.

    Returns:
        The equations, the remainders and the respondents of each.
    """
    parties = cellules[["valeur", "nombre_unites"]].loc[liens["partie"]].reset_index(drop=True)
    comptes = (
        parties.assign(equation=liens["equation"], tout=liens["tout"], retenue=parties["valeur"].isna())
        .groupby("equation")
        .agg(tout=("tout", "first"), v=("valeur", "sum"), n=("nombre_unites", "sum"), retenue=("retenue", "any"))
    )
    tout = cellules.loc[comptes["tout"]]
    ecart = np.where(comptes["retenue"], np.nan, tout["valeur"].to_numpy() - comptes["v"].to_numpy())
    manquent = tout["nombre_unites"].to_numpy() - comptes["n"].to_numpy()
    seuil = 1e-9 * np.abs(tout["valeur"].to_numpy()) + 1e-9
    incomplets = np.isfinite(ecart) & (ecart > seuil)
    fausses = ~np.isfinite(ecart) | (ecart < -seuil)
    restes = cellules.loc[comptes["tout"][incomplets]].copy()
    restes["niveau"] = RESTE + restes["niveau"]
    restes["valeur"], restes["nombre_unites"] = ecart[incomplets], manquent[incomplets]
    restes["texte"], restes["est_publiable"] = None, False
    touts, numeros = comptes["tout"][incomplets].to_numpy(), comptes.index[incomplets]
    parties_de = liens[liens["equation"].isin(numeros)]
    ecarts = sparse.csr_matrix(
        (np.ones(len(touts)), (np.arange(len(touts)), touts)), shape=(len(touts), len(cellules))
    ) - sparse.csr_matrix(
        (np.ones(len(parties_de)), (numeros.get_indexer(parties_de["equation"]), parties_de["partie"])),
        shape=(len(touts), len(cellules)),
    )
    les_leurs = _without_roundings(ecarts @ repondants, seuil[incomplets])
    restes["salaries"], restes["plus_fort"] = ecarts @ cellules["salaries"].to_numpy(dtype=float), np.nan
    comptees = restes["valeur"].where(restes["nombre_unites"].notna()).to_numpy(dtype=float)
    raisons = _broken_rules(comptees, les_leurs, restes["salaries"].to_numpy(dtype=float), np.zeros(len(restes)))
    restes["raison"] = pd.Series([r and r + DIFFERENCE for r in raisons], index=restes.index, dtype=object)
    ajouts = pd.DataFrame(
        {
            "equation": comptes.index[incomplets],
            "tout": comptes["tout"][incomplets].to_numpy(),
            "partie": np.arange(len(restes)) + len(cellules),
        }
    )
    gardees = liens[~liens["equation"].isin(comptes.index[fausses])]
    return pd.concat([gardees, ajouts], ignore_index=True), restes, les_leurs


def _respondents(connexion: duckdb.DuckDBPyConnection, nombre: int) -> sparse.csr_matrix:
    """Read what each respondent has in each cell: cells × respondents."""
    lus = connexion.execute(f"""
        SELECT id, dense_rank() OVER (ORDER BY repondant) - 1 AS rang, v::DOUBLE AS v
        FROM secret_repondants JOIN secret_cellules USING ({", ".join(CLE)}) WHERE v > 0""").fetchnumpy()
    rangs = np.asarray(lus["rang"], dtype=np.int64)
    return sparse.csr_matrix((lus["v"], (lus["id"], rangs)), shape=(nombre, int(rangs.max(initial=-1)) + 1))


def _without_roundings(ecarts: sparse.csr_matrix, seuils: Reels) -> sparse.csr_matrix:
    """Drop from differences, a row each, what is no more than the rounding of their terms."""
    ecarts.data[ecarts.data <= np.repeat(seuils, np.diff(ecarts.indptr))] = 0
    ecarts.eliminate_zeros()
    return ecarts


def _broken_rules(
    valeurs: Reels, repondants: sparse.csr_matrix, salaries: Reels, plus_forts: Reels
) -> list[str | None]:
    """Say which primary rule each sum breaks: those of `primary`, on sums that are no cell; NaN where none applies."""
    nombres = np.diff(repondants.indptr)
    plus_gros = repondants.max(axis=1).toarray().ravel() if repondants.shape[1] else np.zeros(len(valeurs))
    parts = PART_MAXIMALE_REPONDANT_PCT / 100, PART_MAXIMALE_SALARIE_PCT / 100
    regles = (
        (nombres < SEUIL_REPONDANTS, PEU_NOMBREUX),
        (plus_gros > parts[0] * valeurs * (1 + 1e-9), f"un répondant au-delà de {PART_MAXIMALE_REPONDANT_PCT} %"),
        (salaries < SEUIL_SALARIES, f"moins de {SEUIL_SALARIES} salariés"),
        (plus_forts > parts[1] * valeurs * (1 + 1e-9), f"un salarié au-delà de {PART_MAXIMALE_SALARIE_PCT} %"),
    )
    dites = np.isfinite(valeurs) & (valeurs != 0)
    return [
        next((dit for enfreinte, dit in regles if enfreinte[rang]), None) if dites[rang] else None
        for rang in range(len(valeurs))
    ]


def _merge_equals(nombre: int, liens: pd.DataFrame) -> Entiers:
    """Give each cell the number of its variable: a whole with one part is that part."""
    seules = liens[liens.groupby("equation")["partie"].transform("size") == 1]
    graphe = sparse.coo_matrix(
        (np.ones(len(seules)), (seules["tout"].to_numpy(), seules["partie"].to_numpy())), shape=(nombre, nombre)
    )
    _, variables = sparse.csgraph.connected_components(graphe, directed=False)
    return np.asarray(variables, dtype=np.int64)


def _matrix(liens: pd.DataFrame, variables: Entiers, nombre: int) -> sparse.csr_matrix:
    """Write the equations on variables, each once."""
    plusieurs = liens[liens.groupby("equation")["partie"].transform("size") > 1]
    touts = plusieurs.drop_duplicates("equation")
    lignes = np.concatenate([plusieurs["equation"].to_numpy(), touts["equation"].to_numpy()]).astype(int)
    colonnes = variables[np.concatenate([plusieurs["partie"].to_numpy(), touts["tout"].to_numpy()]).astype(int)]
    signes = np.concatenate([np.ones(len(plusieurs)), -np.ones(len(touts))])
    _, lignes = np.unique(lignes, return_inverse=True)
    matrice = sparse.coo_matrix((signes, (lignes, colonnes)), shape=(len(touts), nombre)).tocsr()
    matrice.sort_indices()
    vues: dict[tuple[bytes, bytes], int] = {}
    for rang in range(matrice.shape[0]):
        ligne = slice(matrice.indptr[rang], matrice.indptr[rang + 1])
        vues.setdefault((matrice.indices[ligne].tobytes(), matrice.data[ligne].tobytes()), rang)
    return matrice[sorted(vues.values())]
