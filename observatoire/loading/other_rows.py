"""Rows of a money file that are not data: blank ones, titles and notes, repeated headers, totals.

A total has a word that says so and names nobody. Its amount is, to the cent, what the rows above it add up to: it is
left out, and it checks the reading. Where it is not, something was not read, or is not a total.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Any

import pandas as pd
import pyarrow as arrow
import pyarrow.compute as pc

from observatoire.judging import VIDE, to_rejects
from observatoire.schemas import TEXTE, Table, Totaux

LIGNE_VIDE, EN_TETE_REPETE = "ligne vide", "en-tête répété"
NOTE = "titre ou note : le reste de la ligne est vide"
TOTAL = "total : la somme des lignes qui le précèdent, au centime"
DEBUT_DE_NOTE = re.compile(r"(?i)\s*(\(?\d{1,2}\)|\*|source\b|note\b|n\.?b\b|légende\b|lecture\s*:|champ\s*:)")
SOMME = "montant égal à la somme de toutes les lignes qui précèdent : un total ? compté, à vérifier"
LIGNES_D_UNE_SOMME = 2  # an amount written twice is no sum
MOTS = "sous[- ]?total|sous[- ]?totaux|total|totaux|report|reports|à reporter|a reporter|cumul|somme|montant total"
LIBELLE = rf"(?i)^\W*(?:{MOTS})(?:\W|$)"
IDENTIFIANT = r"[0-9A-Z]*[0-9][0-9A-Z]*"


def not_data(cellules: list[str], en_tete: list[str], positions: dict[str, int], table: Table) -> str:
    """Say in French why a record is no row of a table that declares `totaux`; empty when it is one."""
    if table.totaux is None:
        return ""
    remplies = [place for place, cellule in enumerate(cellules) if cellule.strip()]
    if not remplies:
        return LIGNE_VIDE
    if len(cellules) >= len(en_tete) and [cellule.strip() for cellule in cellules[: len(en_tete)]] == en_tete:
        return EN_TETE_REPETE
    if len(remplies) > 1:
        return ""
    if len(cellules) < len(en_tete):  # a file cut short ends like this too: only what begins as a note is one
        return NOTE if DEBUT_DE_NOTE.match(cellules[remplies[0]]) else ""
    chiffrees = {positions[nom] for nom in table.totaux.montants if nom in positions}
    return NOTE if remplies[0] not in chiffrees else ""


@dataclass
class Addition:
    """What the rows of a file add up to, batch after batch: since its last total, and since its first row."""

    totaux: Totaux
    depuis: dict[str, Decimal] = field(default_factory=dict)
    toutes: dict[str, Decimal] = field(default_factory=dict)
    lignes: int = 0

    def sort(self, lignes: pd.DataFrame, brut: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
        """Tell the totals among typed rows.

        Args:
            lignes: a batch, typed.
            brut: the same rows, as written.

        Returns:
            The reason of each row left out, null for the others; and the rejects: totals that are none.
        """
        motifs = pd.Series(None, index=lignes.index, dtype="str")
        libelles, nommees = self._labelled(lignes), self._named(lignes)
        rejets, debut = [VIDE, self._unlabelled(lignes, brut, libelles | nommees)], 0
        for rang in map(int, (libelles & ~nommees).to_numpy().nonzero()[0]):
            place = lignes.index[rang]
            self._add(lignes.iloc[debut:rang])
            debut = rang + 1
            dits = {nom: lignes.loc[place, nom] for nom in self.totaux.montants if pd.notna(lignes.loc[place, nom])}
            if not dits:
                debut = rang  # nothing is counted: judged like any row
                continue
            if self.lignes and any(all(s.get(n) == v for n, v in dits.items()) for s in (self.depuis, self.toutes)):
                motifs[place] = TOTAL
                self.depuis = {}
                continue
            if self._has_its_own(lignes.loc[place]):
                regle = ("total_a_verifier", "signalement", "libellé de total, mais ni sa somme ni ses mots : comptée")
                debut = rang
            else:
                regle = ("total_faux", "refus", self._unequal(dits))
            rejets.append(to_rejects(brut, pd.Index([place]), next(iter(dits)), *regle))
        self._add(lignes.iloc[debut:])
        return motifs, pd.concat(rejets)

    def _unlabelled(self, lignes: pd.DataFrame, brut: pd.DataFrame, autres: pd.Series) -> pd.DataFrame:
        """Flag the rows that name nobody and whose amount is the sum of all the rows above: totals without the word."""
        nom = self.totaux.montants[0]
        montants = [Decimal(0) if pd.isna(montant) else montant for montant in lignes[nom]]
        sommes = accumulate(montants, initial=self.toutes.get(nom, Decimal(0)))
        rangs = accumulate(map(bool, montants), initial=self.lignes)
        egales = [
            bool(montant) and montant == somme and comptees >= LIGNES_D_UNE_SOMME
            for montant, somme, comptees in zip(montants, sommes, rangs, strict=False)
        ]
        places = lignes.index[pd.Series(egales, index=lignes.index, dtype="bool") & ~autres]
        return to_rejects(brut, places, nom, "somme_sans_libelle", "signalement", SOMME)

    def _unequal(self, dits: dict[str, Any]) -> str:
        nom, dit = next(iter(dits.items()))
        somme = self.depuis.get(nom) or self.toutes.get(nom) or Decimal(0)
        return (
            f"total de {_euros(dit)} €, quand les lignes qui le précèdent font {_euros(somme)} € : une ligne "
            "manque-t-elle, ou a-t-elle été mal lue ?"
        )

    def _add(self, lignes: pd.DataFrame) -> None:
        self.lignes += int(lignes[list(self.totaux.montants)].fillna(0).ne(0).any(axis=1).sum())
        for nom in self.totaux.montants:
            somme = pc.sum(arrow.array(lignes[nom])).as_py()
            if somme is not None:
                for cumul in (self.depuis, self.toutes):
                    cumul[nom] = cumul.get(nom, Decimal(0)) + somme

    def _labelled(self, lignes: pd.DataFrame) -> pd.Series:
        dits = pd.Series(False, index=lignes.index)
        for nom in self.totaux.libelles:
            dits |= lignes[nom].astype(pd.ArrowDtype(TEXTE)).str.contains(LIBELLE).fillna(False).astype(bool)
        return dits

    def _named(self, lignes: pd.DataFrame) -> pd.Series:
        nommees = pd.Series(False, index=lignes.index)
        for nom in self.totaux.identifiants:
            nommees |= lignes[nom].str.fullmatch(IDENTIFIANT).fillna(False).astype(bool)
        return nommees

    def _has_its_own(self, ligne: pd.Series) -> bool:
        """Say whether a row has what a row of its kind has: an object, a date; a label of total is not one."""
        return any(
            pd.notna(valeur) and not (isinstance(valeur, str) and re.match(LIBELLE, valeur))
            for valeur in ligne[list(self.totaux.propres)]
        )


def _euros(montant: Decimal) -> str:
    return f"{montant:,.2f}".replace(",", "\u202f").replace(".", ",")
