"""How many headers of published grant files the product recognises: `python -m tests.loading.recensement_entetes CSV`.

The CSV lists files found on portals, one a line, with `;`: how many rows (`lignes`) and the header (`colonnes`, names
separated by ` | `). Counted as the product is today, then as it would be with titles it does not know yet.
"""

import csv
import dataclasses
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from observatoire.loading.records import Lecture, _header_key, recognise
from observatoire.obstacle import Obstacle
from observatoire.schemas import Table
from observatoire.sources import sources

LONGUEUR_MAX = 10**8  # of a cell: a header of hundreds of columns is one
SCDL_ANCIEN = {"id_beneficiaire": ("Identification du bénéficiaire",)}
GRAPHIES = {
    "id_attribuant": ("Identification de l'attributaire", "iAttribuant", "Identification de l' attribuant", "Id attribuant"),
    "nom_beneficiaire": ("Nom bénéficiaire", "nomBenecifiaire"),
    "objet": ("Objet de la convention", "L'objet de la subvention", "Objet subvention"),
}


def lire(chemin: Path) -> list[tuple[list[str], int]]:
    """Read the headers, and how many rows each file has."""
    csv.field_size_limit(LONGUEUR_MAX)
    with chemin.open(encoding="utf-8") as flux:
        return [
            (ligne["colonnes"].split(" | "), int(ligne["lignes"] or 0)) for ligne in csv.DictReader(flux, delimiter=";")
        ]


def avec(table: Table, titres: dict[str, tuple[str, ...]], facultatives: Iterable[str] = ()) -> Table:
    """Give a table that knows more titles, and does without some columns."""
    colonnes = (
        dataclasses.replace(
            colonne,
            en_tetes=(*colonne.en_tetes, *titres.get(colonne.nom, ())),
            requise=colonne.requise and colonne.nom not in facultatives,
        )
        for colonne in table.colonnes
    )
    return dataclasses.replace(table, colonnes=tuple(colonnes))


def recenser(entetes: list[tuple[list[str], int]], table: Table) -> str:
    """Count headers and rows: readable, refused and for which column, readable without the identifier they do give."""
    lisibles, refuses, sans_identifiant = [], [], []
    manquantes: Counter[str] = Counter()
    for colonnes, lignes in entetes:
        nettes = [nom.strip().strip('"').lstrip("\ufeff") for nom in colonnes]
        try:
            trouvees = recognise(nettes, Path("x"), table, Lecture())
        except Obstacle as refus:
            refuses.append(lignes)
            manquantes[str(refus).split("la colonne « ")[1].split(" »")[0]] += 1
            continue
        lisibles.append(lignes)
        clefs = [_header_key(nom) for nom in colonnes]
        donne = any("beneficiaire" in clef and clef.startswith("id") for clef in clefs)
        if donne and "id_beneficiaire" not in trouvees:
            sans_identifiant.append(lignes)
    return (
        f"{len(entetes)} headers, readable {len(lisibles)} ({sum(lisibles)} rows), "
        f"refused {len(refuses)} ({sum(refuses)} rows) {dict(manquantes)}; readable but beneficiary id column not "
        f"recognised: {len(sans_identifiant)} ({sum(sans_identifiant)} rows)"
    )


def main(chemin: Path) -> None:
    """Print the counts: today, then with more and more titles."""
    entetes, table = lire(chemin), sources()["subventions"].table
    for titre, connue in (
        ("today", table),
        ("+ title of SCDL 1.1.0 to 2.0.2", avec(table, SCDL_ANCIEN)),
        ("+ ten spellings met", avec(table, SCDL_ANCIEN | GRAPHIES)),
        ("+ grantor said beside the file (origine.yml)", avec(table, SCDL_ANCIEN | GRAPHIES, ["id_attribuant"])),
    ):
        print(f"{titre}: {recenser(entetes, connue)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
