"""How a table is declared: its columns, their types, headers, rules and French descriptions.

One declaration gives the Pandera schema that validates, the Arrow schema that is written, and the comments that are
published. Reading files and counting refusals do not belong here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

TEXTE = arrow.string()
ENTIER = arrow.int64()
BOOLEEN = arrow.bool_()
DATE = arrow.date32()
EUROS = arrow.decimal128(18, 2)
NOMBRE = arrow.decimal128(38, 6)
REEL = arrow.float64()
HORODATAGE = arrow.timestamp("us")

Gravite = Literal["refus", "signalement"]
Genre = Literal["", "annee", "code", "siren", "siret", "siren_ou_siret", "rna"]
Reference = Literal["", "commune", "epci", "naf"]
Controle = Callable[[Any], Any]


def refus(nom: str, motif: str, controle: Controle) -> pa.Check:
    """Declare a rule whose failure refuses the row: it cannot be counted where it belongs.

    Args:
        nom: name of the rule, snake_case French.
        motif: the reason, in French, as an analyst will read it.
        controle: vectorised predicate on the column (or on the frame, for a rule of the table).
    """
    return pa.Check(_always_answers(controle), name=nom, error=motif, title="refus")


def signalement(nom: str, motif: str, controle: Controle) -> pa.Check:
    """Declare a rule whose failure leaves the row counted, with a flag. Arguments as in `refus`."""
    return pa.Check(_always_answers(controle), name=nom, error=motif, title="signalement")


def length_at_most(longueur: int) -> pa.Check:
    """Flag a text longer than the official schema of its file allows: it is kept whole."""
    return signalement(
        "texte_long", f"texte de plus de {longueur} caractères : gardé entier", lambda v: v.str.len() <= longueur
    )


def _always_answers(controle: Controle) -> Controle:
    """Forbid a rule to answer null, which Pandera takes for a yes; where values repeat, ask it of each one once."""

    @wraps(controle)  # whoever asks where a rule is written gets the place of its predicate
    def reponse(objet: Any) -> Any:
        if isinstance(objet, pd.Series) and arrow.types.is_dictionary(getattr(objet.dtype, "pyarrow_dtype", TEXTE)):
            code = arrow.array(objet.array)
            code = code.combine_chunks() if isinstance(code, arrow.ChunkedArray) else code
            valeurs = pd.Series(code.dictionary.to_pandas(types_mapper=pd.ArrowDtype))
            dites = np.append(reponse(valeurs).to_numpy(dtype=bool), True)  # a null is judged by `nullable`, last
            return pd.Series(dites[code.indices.fill_null(len(valeurs)).to_numpy()], index=objet.index)
        dite = controle(objet)
        if isinstance(dite, pd.Series) and dite.hasnans:
            raise ValueError("la règle répond « vide » pour certaines lignes : dire ce que vaut une valeur absente")
        return dite

    return reponse


@dataclass(frozen=True)
class EnTete:
    """A header that names a column only where no surer one does: its word has other meanings.

    Attributes:
        nom: the header; case, accents and punctuation do not matter.
        avec, sans: columns the file must, or must not, have by their sure headers.
        dit: what the header says of every row: (column, word).
    """

    nom: str
    avec: tuple[str, ...] = ()
    sans: tuple[str, ...] = ()
    dit: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Colonne:
    """A column of a table.

    Attributes:
        nom: name in the observatory, the producer's own word where there is one.
        type: Arrow type, one of the constants of this module.
        description: French sentence, published as the comment of the column.
        en_tetes: headers it may carry in files, beside its own name; case, accents and punctuation do not matter.
        a_defaut: headers it may carry where none of those is there, each under its conditions.
        nom_lu: its own name is a header too; not where the word means other things in files.
        requise: a file without this column is refused whole; one that its `origine` could complete waits for it.
        origine: entry of the file's `.origine.yml` that says its value for the whole file.
        obligatoire: a row without this value is refused.
        unite: unit of the values (eur, postes…), empty for codes and words.
        nominatif: values that may name a person are not repeated in the public rejects.
        calculee: filled by `preparer`, never looked for in a file.
        genre: what its words name, where the type does not say it: a year, a code (whose width may vary), an
            identifier. The reader takes out what people and tools put around it, and says so.
        longueur: digits of a code; the zeros its file lost on the left are given back (and flagged, where the file
            holds words: a spreadsheet has been there).
        reference: list its codes belong to: the share that is known there is kept, and its fall is a failure.
        titre: pattern whose group is the value for the whole file, looked for above the header, where cells are parted
            by tabs, when no header gives it.
        vides: words its producer writes for « no value » (`[ND]`, `0001-01-01`).
        regles: rules on the values, from `refus` and `signalement`.
    """

    nom: str
    type: arrow.DataType
    description: str
    en_tetes: tuple[str, ...] = ()
    a_defaut: tuple[EnTete, ...] = ()
    nom_lu: bool = True
    requise: bool = False
    obligatoire: bool = False
    unite: str = ""
    nominatif: bool = False
    calculee: bool = False
    genre: Genre = ""
    longueur: int = 0
    reference: Reference = ""
    titre: str = ""
    origine: str = ""
    vides: tuple[str, ...] = ()
    regles: tuple[pa.Check, ...] = ()

    @property
    def type_sql(self) -> str:
        """Its type in DuckDB."""
        noms = {
            TEXTE: "VARCHAR",
            ENTIER: "BIGINT",
            BOOLEEN: "BOOLEAN",
            DATE: "DATE",
            REEL: "DOUBLE",
            HORODATAGE: "TIMESTAMP",
        }
        return noms.get(self.type) or f"DECIMAL({self.type.precision},{self.type.scale})"


@dataclass(frozen=True)
class RegleEnsemble:
    """A rule over a whole table, across its files: it flags, and refuses nothing.

    Attributes:
        nom, motif: as in `signalement`.
        colonne: the column it is about.
        requete: SQL over `lignes`, the table, that gives `_fichier, _ligne, valeur` of what is flagged.
    """

    nom: str
    colonne: str
    motif: str
    requete: str


@dataclass(frozen=True)
class Totaux:
    """How a total is told from a row of data, in files that people lay out.

    Attributes:
        montants: columns a total adds up.
        libelles: columns where its word stands (« TOTAL GENERAL »).
        identifiants: columns that name somebody, or an account: a row that has one is data.
        propres: columns that only data has; with one of them, a row that is no sum is kept, and flagged.
    """

    montants: tuple[str, ...]
    libelles: tuple[str, ...]
    identifiants: tuple[str, ...] = ()
    propres: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the warehouse.

    Attributes:
        description: French sentence, published as the comment of the table.
        colonnes: its columns, in order.
        cle: columns that name a row; rows that repeat a key are handled as `gravite_cle` says.
        gravite_cle: `refus` keeps the first of equal keys, `signalement` keeps all and flags the repeats.
        regles: rules over several columns.
        ensemble: rules over all of its rows, whatever the file.
        convention: column that names the rows whose amount is one amount, written on each and counted once.
        totaux: how its files write totals, when they do: blank rows, titles and notes are then told apart too.
    """

    description: str
    colonnes: tuple[Colonne, ...]
    cle: tuple[str, ...] = ()
    gravite_cle: Gravite = "refus"
    regles: tuple[pa.Check, ...] = ()
    ensemble: tuple[RegleEnsemble, ...] = ()
    totaux: Totaux | None = None
    convention: str = ""
    noms: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the names once: they are asked for at every batch."""
        object.__setattr__(self, "noms", tuple(colonne.nom for colonne in self.colonnes))

    def colonne(self, nom: str) -> Colonne | None:
        """Return the column of that name, None when the table has none."""
        return next((colonne for colonne in self.colonnes if colonne.nom == nom), None)

    def pandera(self, types: Mapping[str, arrow.DataType] | None = None) -> pa.DataFrameSchema:
        """Build the Pandera schema: types are compared, never coerced, so that no coercion hides another check.

        Args:
            types: the only columns to judge, and the types they come in (dictionaries, where values repeat); all of
                the columns in their own types when it is not given.
        """
        attendus = {colonne.nom: colonne.type for colonne in self.colonnes} if types is None else types
        return pa.DataFrameSchema(
            {
                colonne.nom: pa.Column(
                    pd.ArrowDtype(attendus[colonne.nom]),
                    list(colonne.regles),
                    nullable=not colonne.obligatoire,
                    description=colonne.description,
                )
                for colonne in self.colonnes
                if colonne.nom in attendus
            },
            checks=list(self.regles),
            strict=True,
        )

    def arrow_alone(self) -> arrow.Schema:
        """Build the Arrow schema of a table that is computed, whose rows come from no file."""
        return arrow.schema([arrow.field(colonne.nom, colonne.type) for colonne in self.colonnes])

    def arrow(self) -> arrow.Schema:
        """Build the Arrow schema of the Parquet file, with the two columns that say where a row comes from."""
        return arrow.schema([*self.arrow_alone(), *(arrow.field(colonne.nom, colonne.type) for colonne in PROVENANCE)])


PROVENANCE = (
    Colonne("_fichier", TEXTE, "Fichier d'où vient la ligne, chemin relatif au dossier de la source."),
    Colonne("_ligne", ENTIER, "Numéro de la ligne (CSV, XLSX) ou de l'enregistrement (Parquet) dans ce fichier."),
)
