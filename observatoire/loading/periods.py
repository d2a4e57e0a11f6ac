"""Several files of one producer: which parts of a year they are about, and which of them repeat the rows of another.

A half-year beside the other half is two parts of one year; two files of one year that say no more are a conflict; a
file that holds all the rows of an earlier one counts for what is new in it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as arrow

from observatoire.loading.files import Fichier
from observatoire.loading.records import Lecture, read_batches
from observatoire.schemas import DATE, Table

JOURS = re.compile(
    r"du\D{0,3}(\d{1,2})[-_./](\d{1,2})(?:[-_./](\d{2,4}))?\D{1,4}au\D{1,3}(\d{1,2})[-_./](\d{1,2})(?:[-_./](\d{2,4}))?(?!\d)",
    re.IGNORECASE,
)
PARTIES = (
    (r"(?<![a-z])(?:s|sem|semestre)[-_ ]?([12])(?!\d)|(?<!\d)([12])(?:er|e|ème|nd)?[-_ ]?semestre", 6),
    (r"(?<![a-z])(?:t|trim|trimestre)[-_ ]?([1-4])(?!\d)|(?<!\d)([1-4])(?:er|e|ème)?[-_ ]?trimestre", 3),
)
Ligne = tuple[tuple[str, str], ...]


def producer_of(nom: str) -> str:
    """Return the folder of a file: each producer has its own."""
    return Path(nom).parent.as_posix()


def _part_of_year(fichier: Fichier) -> tuple[str, str] | None:
    """Return the first and last day, as `MM-JJ`, of the part of the year its name says it is about."""
    nom = Path(fichier.nom).stem
    if jours := JOURS.search(nom):
        jour, mois, _, jour_fin, mois_fin, _ = jours.groups()
        return f"{int(mois):02}-{int(jour):02}", f"{int(mois_fin):02}-{int(jour_fin):02}"
    for motif, mois_par_partie in PARTIES:
        if trouve := re.search(motif, nom, re.IGNORECASE):
            fin = int(trouve[1] or trouve[2]) * mois_par_partie
            return f"{fin - mois_par_partie + 1:02}-01", f"{fin:02}-31"
    return None


def conflicts(fichiers: Sequence[Fichier], source: str) -> dict[str, str]:
    """Say in French, by producer, which two files are about one year without saying that they are parts of it."""
    vus: dict[tuple[str, str], list[Fichier]] = {}
    fautes: dict[str, str] = {}
    for fichier in fichiers:
        producteur, annee = producer_of(fichier.nom), fichier.millesime[:4] or fichier.nom
        for autre in vus.setdefault((producteur, annee), []):
            if not _apart(_part_of_year(autre), _part_of_year(fichier)):
                fautes.setdefault(
                    producteur,
                    f"{source} : deux fichiers pour {annee} ({autre.nom}, {fichier.nom}). Retirer celui que l'autre "
                    "remplace, dire dans leurs noms de quels mois ils parlent (« du 01-01 au 30-06 », « S1 »), ou "
                    f"donner à chaque producteur un sous-dossier de raw/{source}/.",
                )
        vus[producteur, annee].append(fichier)
    return fautes


def _apart(une: tuple[str, str] | None, autre: tuple[str, str] | None) -> bool:
    return une is not None and autre is not None and (une[1] < autre[0] or autre[1] < une[0])


@dataclass
class Repetition:
    """The rows of earlier files of its producer that a file holds again.

    Attributes:
        fichiers: those files, each of which it holds whole.
        lignes: how many times each of their rows is still to be left out.
        est_datee: whether these rows carry a date: without one, two years may well give the same.
    """

    fichiers: list[str]
    lignes: Counter[Ligne]
    est_datee: bool

    def take_out(self, brut: pd.DataFrame) -> pd.Series:
        """Say, of the rows of a batch as written, which repeat the earlier files; each repeats a row once."""
        repetees = []
        for ligne in _rows(brut):
            repetee = self.est_datee and self.lignes[ligne] > 0
            self.lignes[ligne] -= repetee
            repetees.append(repetee)
        return pd.Series(repetees, index=brut.index, dtype="bool")

    @property
    def motif(self) -> str:
        """What it is, in French."""
        noms = ", ".join(self.fichiers)
        if self.est_datee:
            return f"un fichier contient l'autre : lignes de {noms}, comptées là"
        return f"ce fichier contient toutes les lignes de {noms}, sans date : un autre exercice ? comptées, à vérifier"


def repetitions(fichiers: Sequence[Fichier], table: Table) -> dict[str, Repetition]:
    """Find the files that hold a whole earlier one of their producer, before any year is set."""
    par_producteur: dict[str, list[Fichier]] = {}
    for fichier in sorted(fichiers, key=lambda f: (f.millesime, f.nom)):
        par_producteur.setdefault(producer_of(fichier.nom), []).append(fichier)
    trouvees = {}
    dates = {colonne.nom for colonne in table.colonnes if colonne.type == DATE}
    for freres in (freres for freres in par_producteur.values() if len(freres) > 1):
        comptes = {fichier.nom: _count(fichier, table) for fichier in freres}
        for rang, fichier in enumerate(freres):
            avant = [autre.nom for autre in freres[:rang] if comptes[autre.nom]]
            contenus = [nom for nom in avant if comptes[nom] <= comptes[fichier.nom]]
            if contenus:
                lignes: Counter[Ligne] = Counter()
                for nom in contenus:
                    lignes |= comptes[nom]
                datees = sum(n for ligne, n in lignes.items() if dates & {nom for nom, _ in ligne})
                trouvees[fichier.nom] = Repetition(contenus, lignes, datees * 2 > lignes.total())
    return trouvees


def _count(fichier: Fichier, table: Table) -> Counter[Ligne]:
    return Counter(ligne for brut in read_batches(fichier.chemin, table, Lecture()) for ligne in _rows(brut))


def _rows(brut: pd.DataFrame) -> Iterator[Ligne]:
    """Yield each row as the words it holds, by column, whatever the other columns of its file."""
    noms = sorted(nom for nom in brut.columns if not nom.startswith("_"))
    colonnes: list[list[Any]] = [arrow.array(brut[nom]).cast(arrow.string()).to_pylist() for nom in noms]
    for mots in zip(*colonnes, strict=True):
        yield tuple((nom, mot.strip()) for nom, mot in zip(noms, mots, strict=True) if mot and mot.strip())
