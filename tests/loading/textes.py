"""A small table, written in every way and read back."""

from pathlib import Path

from observatoire.loading.records import Lecture, read_batches
from observatoire.schemas import DATE, EUROS, TEXTE, Colonne, Table

TABLE = Table(
    "Table d'essai.",
    (
        Colonne("nom", TEXTE, "Nom.", ("Nom du bénéficiaire",), requise=True),
        Colonne("montant_eur", EUROS, "Montant.", ("montant",), requise=True),
        Colonne("date_convention", DATE, "Date.", ("dateConvention",)),
    ),
)
ATTENDU = [(2, "Chaîne & Cie", "12,5"), (3, "Élan", "7")]


def lignes(chemin: Path, table: Table = TABLE, lecture: Lecture | None = None) -> list[tuple]:
    """Read a file; return (line, name, amount) as written."""
    lots = list(read_batches(chemin, table, Lecture() if lecture is None else lecture))
    rangs = [rang for lot in lots for rang in lot.to_dict("records")]
    return [(int(rang["_ligne"]), rang["nom"], rang["montant_eur"]) for rang in rangs]


def ecrire(tmp_path: Path, contenu: str | bytes, nom: str = "essai.csv") -> Path:
    chemin = tmp_path / nom
    chemin.write_bytes(contenu if isinstance(contenu, bytes) else contenu.encode())
    return chemin


def texte(separateur: str = ";", fin: str = "\n") -> str:
    rangs = [["nom", "montant"], ["Chaîne & Cie", "12,5"], ["Élan", "7"]]
    cellules = [[f'"{cellule}"' if separateur in cellule else cellule for cellule in rang] for rang in rangs]
    return "".join(separateur.join(rang) + fin for rang in cellules)
