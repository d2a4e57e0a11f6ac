"""Delete raw lines for real, compute the cube again by the real chain, and compare terms with what was unfolded."""

import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pyarrow.parquet as pq

from observatoire.derived import compute_table
from observatoire.evidence import open_evidence
from observatoire.indicators.catalog import Terme, indicateurs, mesures
from observatoire.indicators.contributions import aggregate, select_contributions
from observatoire.indicators.cube import CELLULE, compute_cube, compute_measure
from observatoire.indicators.raw_lines import find_lines
from observatoire.socle.computed_tables import derivees
from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.unfolding.figures import cell_of
from observatoire.warehouse import NOM_DUCKDB, Entrepot, sql_literal
from tests.depots import charger_source

Endroit = tuple[str, str, int]  # source, file, line
SOMMES = {"somme": "valeur", "nombre_unites": "nombre_unites"}


@dataclass
class TermeTire:
    """A term of a published value drawn at random, and what was unfolded of it.

    Attributes:
        lignes: what each counted line is worth to the term.
        seules: those that are the only line of each contribution they are in.
        precisent: lines it rests on without counting them.
    """

    indicateur: str
    terme: Terme
    cellule: dict[str, str]
    publie: Decimal
    lignes: dict[Endroit, Decimal] = field(default_factory=dict)
    seules: set[Endroit] = field(default_factory=set)
    precisent: set[Endroit] = field(default_factory=set)

    @property
    def est_somme(self) -> bool:
        """Whether lines add up to it."""
        return self.terme.agregat in SOMMES


def tirer(entrepot: Entrepot, release: str, nombre: int, hasard: Random) -> list[TermeTire]:
    """Draw values of each indicator: neither zero, nor estimated, nor hidden; give their terms, unfolded whole."""
    tires = []
    for indicateur in indicateurs().values():
        if indicateur.numerateur is None:
            continue
        with duckdb.connect(str(entrepot.racine / "releases" / release / NOM_DUCKDB), read_only=True) as base:
            curseur = base.execute(f"""
                FROM indicateurs.valeurs WHERE indicateur = '{indicateur.nom}' AND valeur <> 0
                AND statut_confidentialite = 'F' AND statut_observation <> 'E' ORDER BY ALL""")
            noms = [colonne[0] for colonne in curseur.description]
            valeurs = [dict(zip(noms, ligne, strict=True)) for ligne in curseur.fetchall()]
        for valeur in hasard.sample(valeurs, min(nombre, len(valeurs))):
            for role, terme in (("numerateur", indicateur.numerateur), ("denominateur", indicateur.denominateur)):
                if terme is not None and valeur[role]:
                    tires.append(TermeTire(indicateur.nom, terme, cell_of(valeur, role, terme), valeur[role]))
    _unfold_whole(open_evidence(entrepot, release), tires)
    return tires


def _unfold_whole(preuves: Entrepot, tires: list[TermeTire]) -> None:
    """Find the lines of every term; and check that they give it: by addition, or recomputed from what they say."""
    par_mesure = defaultdict(list)
    for tire in tires:
        par_mesure[tire.terme.mesure].append(tire)
    with preuves.connect() as base:
        for nom, concernes in par_mesure.items():
            for tire in concernes:
                select_contributions(base, preuves, mesures()[nom], tire.cellule)
                find_lines(base, mesures()[nom], "contributions")
                base.execute("CREATE OR REPLACE TEMP TABLE comptees AS FROM lignes WHERE role = 'compte'")
                # a contribution is told by its first line: medians and counts are recomputed from those
                base.execute("""
                    CREATE OR REPLACE TEMP TABLE dites AS
                    SELECT unite, repondant, sum(valeur) AS valeur, sum(nombre_unites) AS nombre_unites
                    FROM comptees GROUP BY ALL""")
                recalcule = aggregate(base, tire.terme.agregat, "dites")
                egal = recalcule == tire.publie or abs(float(recalcule) - float(tire.publie)) <= 1e-6
                assert egal, (tire.indicateur, tire.cellule, tire.terme.agregat, recalcule, tire.publie)
                requete = "SELECT DISTINCT source, fichier, ligne FROM lignes WHERE role = 'précise'"
                tire.precisent = set(base.execute(requete).fetchall())
                if tire.est_somme:
                    colonne = SOMMES[tire.terme.agregat]
                    lues = base.execute(f"""
                        SELECT source, fichier, ligne, sum({colonne}) AS v, bool_and(seule) FROM (
                            SELECT *, count(*) OVER (PARTITION BY unite) = 1 AS seule FROM comptees)
                        WHERE fichier IS NOT NULL GROUP BY ALL ORDER BY ALL""").fetchall()
                    tire.lignes = {(s, f, n): v for s, f, n, v, _ in lues}
                    tire.seules = {(s, f, n) for s, f, n, _, seule in lues if seule}


def sans_vider(entrepot: Entrepot, endroits: set[Endroit]) -> set[Endroit]:
    """Leave a row to each file: one without any is refused whole, which is another story."""
    gardes: set[Endroit] = set()
    for nom in {source for source, _, _ in endroits}:
        lues = {lu.fichier: lu.lignes_lues for lu in state_of(entrepot, sources()[nom]).fichiers}
        for fichier, nombre in lues.items():
            gardes |= set(sorted(e for e in endroits if e[:2] == (nom, fichier))[: nombre - 1])
    return gardes


def effacer(raw: Path, endroits: set[Endroit]) -> None:
    """Delete lines of files: of a CSV, of the only table of an archive, or records of a Parquet file."""
    par_fichier = defaultdict(set)
    for source, fichier, ligne in endroits:
        par_fichier[raw / source / fichier.split("!")[0]].add(ligne)
    for chemin, numeros in par_fichier.items():
        if chemin.suffix == ".parquet":
            table = pq.read_table(chemin)
            pq.write_table(table.filter([rang + 1 not in numeros for rang in range(len(table))]), chemin)
        elif chemin.suffix == ".zip":
            with zipfile.ZipFile(chemin) as lue:
                donnees = next(nom for nom in lue.namelist() if nom.endswith("_data.csv"))
                texte = lue.read(donnees)
            with zipfile.ZipFile(chemin, "w") as ecrite:
                ecrite.writestr(donnees, _without(texte, numeros))
        else:
            chemin.write_bytes(_without(chemin.read_bytes(), numeros))


def _without(texte: bytes, numeros: set[int]) -> bytes:
    lignes = texte.splitlines(keepends=True)
    return b"".join(ligne for rang, ligne in enumerate(lignes, 1) if rang not in numeros)


def recalculer(entrepot: Entrepot) -> None:
    """Load what changed in `raw/`, then compute tables, measures and cube, by the functions of the product."""
    for nom in sources():
        etat = charger_source(entrepot, nom, plancher_pct=0)
        assert etat.etat in ("a_jour", "absente"), (nom, etat.motif)
    for derivee in derivees().values():
        compute_table(entrepot, derivee)
    for mesure in mesures().values():
        compute_measure(entrepot, mesure)
    compute_cube(entrepot)


def lire_termes(entrepot: Entrepot, tires: list[TermeTire]) -> list[Decimal | None]:
    """Read the terms in the cube that is there now; None where there is no cell any more."""
    lus = []
    with entrepot.connect(("indicateurs.cube",)) as base:
        for tire in tires:
            cle = " AND ".join(f"{nom} = {sql_literal(tire.cellule[nom])}" for nom in CELLULE.split(", "))
            requete = f"SELECT {tire.terme.agregat} FROM indicateurs.cube WHERE mesure = '{tire.terme.mesure}' AND {cle}"
            trouvee = base.execute(requete).fetchall()
            lus.append(trouvee[0][0] if trouvee else None)
    return lus


# deleting a commune moves all that lies in it: geography is not a figure
GEOGRAPHIE = ("communes", "zonages")


def une_ligne_par_terme(entrepot: Entrepot, tires: list[TermeTire], hasard: Random) -> set[Endroit]:
    """Choose one unfolded line of each term that lines add up to."""
    choisies = set()
    for tire in tires:
        if possibles := [e for e in sorted(tire.seules) if e[0] not in GEOGRAPHIE and tire.lignes[e]]:
            choisies.add(hasard.choice(possibles))
    return sans_vider(entrepot, choisies)


def dix_autres_par_terme(entrepot: Entrepot, tires: list[TermeTire], hasard: Random) -> set[Endroit]:
    """Choose ten lines of the same source for each term, none of which it unfolds to, nor any other term."""
    depliees = {endroit for tire in tires for endroit in (*tire.lignes, *tire.precisent)}
    choisies: set[Endroit] = set()
    with entrepot.connect() as base:
        autres = {}
        for nom in {e[0] for tire in tires for e in tire.lignes} - set(GEOGRAPHIE):
            lues = base.execute(f"SELECT '{nom}', _fichier, _ligne FROM socle.{nom} ORDER BY ALL").fetchall()
            autres[nom] = [endroit for endroit in lues if endroit not in depliees]
        for tire in tires:
            for nom in sorted({e[0] for e in tire.lignes} & set(autres)):
                choisies |= set(hasard.sample(autres[nom], min(10, len(autres[nom]))))
    return sans_vider(entrepot, choisies)


def ecarts(entrepot: Entrepot, tires: list[TermeTire], effacees: set[Endroit]) -> tuple[Counter[str], list[str]]:
    """Delete these lines, compute again, and compare each sum with what its lines foretold.

    Returns:
        How many terms lost exactly their line, or stayed as they were; and each that did otherwise. A cell of which
        no line is left may be absent: nothing says that it is a zero.
    """
    effacer(entrepot.settings.raw, effacees)
    recalculer(entrepot)
    comptes: Counter[str] = Counter()
    faux = []
    for tire, lu in zip(tires, lire_termes(entrepot, tires), strict=True):
        touchees = set(tire.lignes) & effacees
        if not tire.est_somme or not touchees <= tire.seules:
            comptes["à recalculer"] += 1
            continue
        attendu = tire.publie - sum((tire.lignes[e] for e in touchees), Decimal(0))
        if lu == attendu or (lu is None and touchees and set(tire.lignes) == touchees):
            comptes["diminué de sa ligne" if touchees else "inchangé"] += 1
        else:
            faux.append(f"{tire.indicateur} {tire.cellule} : {tire.publie} → {lu}, attendu {attendu}")
    return comptes, faux
