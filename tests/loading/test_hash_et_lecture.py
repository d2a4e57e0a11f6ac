"""What was hashed is what was read: a file replaced, or that grows, at any step of its reading, gives no row at all."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from observatoire.loading import batches, bulk, files, ingestion
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot, sha256
from tests.depots import charger_source, deposer, source, subventions
from tests.petit_sirene import UNITE, PetitSirene

VRAI, FAUX = subventions(3), subventions(3, montant="99000")


def en_zip(texte: str) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w") as archive:
        archive.writestr("s.csv", texte)
    return flux.getvalue()


def en_xlsx(texte: str) -> bytes:
    classeur, flux = openpyxl.Workbook(), io.BytesIO()
    for ligne in texte.splitlines():
        classeur.active.append(ligne.split(","))
    classeur.save(flux)
    return flux.getvalue()


def en_parquet(texte: str) -> bytes:
    flux = io.BytesIO()
    lue = pacsv.read_csv(io.BytesIO(texte.encode()))
    pq.write_table(lue.cast(pa.schema([(nom, pa.string()) for nom in lue.column_names])), flux)
    return flux.getvalue()


FORMATS: dict[str, Callable[[str], bytes]] = {
    "s_2024.csv": str.encode,
    "s_2024.zip": en_zip,
    "s_2024.xlsx": en_xlsx,
    "s_2024.parquet": en_parquet,
}


def remplacer(chemin: Path, contenu: bytes) -> None:
    """Put another file in place of one, of the same date."""
    date = chemin.stat()
    nouveau = chemin.with_name(".nouveau")
    nouveau.write_bytes(contenu)
    os.utime(nouveau, ns=(date.st_atime_ns, date.st_mtime_ns))
    nouveau.replace(chemin)


def recrire(chemin: Path, contenu: bytes) -> None:
    """Write over a file, and give it its date back."""
    date = chemin.stat()
    chemin.write_bytes(contenu)
    os.utime(chemin, ns=(date.st_atime_ns, date.st_mtime_ns))


def grossir(chemin: Path, contenu: bytes) -> None:
    with chemin.open("ab") as flux:
        flux.write(contenu[-40:])


# where a file may change: after its hash, before a reader opens it, while it reads, once it has read
ETAPES = ["hash", "lecture", "apres"]
GESTES = {"remplace": remplacer, "recrit": recrire, "grossit": grossir}


def changer_a(etape: str, geste: Callable[[], None], lecteur, monkeypatch) -> None:
    """Do the gesture once, at a step of the load."""
    faits: list[str] = []

    def une_fois() -> None:
        if not faits:
            faits.append(etape)
            geste()

    hacher, lire, marquer = files.sha256, lecteur.load_rows, ingestion.whole_table_flags

    def hash_puis(chemin: Path) -> str:
        empreinte = hacher(chemin)
        if etape == "hash":
            une_fois()
        return empreinte

    def lire_puis(*args):
        if etape == "lecture":
            une_fois()
        return lire(*args)

    def marquer_puis(*args):
        if etape == "apres":
            une_fois()
        return marquer(*args)

    monkeypatch.setattr(files, "sha256", hash_puis)
    monkeypatch.setattr(lecteur, "load_rows", lire_puis)
    monkeypatch.setattr(ingestion, "whole_table_flags", marquer_puis)


def verifier(entrepot: Entrepot, nom: str, chemin: Path, avant: bytes | None, etat: Etat) -> None:
    """Check that the load was refused, and that its table is the last good one."""
    assert etat.etat == "en_echec" and f"{chemin.name} a changé pendant sa lecture" in etat.motif
    table = entrepot.path_of("socle", nom)
    assert (table.read_bytes() if avant else pq.read_metadata(table).num_rows) == (avant or 0)


@pytest.mark.parametrize("geste", GESTES)
@pytest.mark.parametrize("etape", ETAPES)
@pytest.mark.parametrize("fichier", FORMATS)
def test_jamais_de_lignes_sous_une_empreinte_qui_n_est_pas_la_leur(entrepot, monkeypatch, fichier, etape, geste):
    en = FORMATS[fichier]
    deposer(entrepot, "subventions", fichier, en(VRAI))
    chemin = entrepot.settings.raw / "subventions" / fichier
    changer_a(etape, lambda: GESTES[geste](chemin, en(FAUX)), batches, monkeypatch)
    verifier(entrepot, "subventions", chemin, None, charger_source(entrepot, "subventions"))
    monkeypatch.undo()
    if geste != "grossit":  # an archive with something after it may read, or not
        etat = charger_source(entrepot, "subventions")
        assert etat.etat == "a_jour" and etat.fichiers[0].sha256 == sha256(chemin)


@pytest.mark.parametrize("geste", GESTES)
@pytest.mark.parametrize("etape", ETAPES)
def test_les_volumineuses_non_plus_et_leur_dernier_bon_chargement_reste(entrepot, monkeypatch, etape, geste):
    petit, nom = PetitSirene(entrepot), "sirene_unites_legales"
    petit.deposer(nom, {"siren": petit.siren("première"), **UNITE})
    assert source(nom).volumineuse and charger_source(entrepot, nom).etat == "a_jour"
    avant = entrepot.path_of("socle", nom).read_bytes()
    [chemin] = files.dropped_files(entrepot.settings, nom)
    petit.deposer(nom, {"siren": petit.siren("seconde"), **UNITE})
    contenu = chemin.read_bytes() + b"\n"
    changer_a(etape, lambda: GESTES[geste](chemin, contenu), bulk, monkeypatch)
    verifier(entrepot, nom, chemin, avant, charger_source(entrepot, nom))


def test_un_fichier_qui_grossit_est_en_cours_de_copie(entrepot, monkeypatch):
    deposer(entrepot, "subventions", "s_2024.csv", VRAI)
    chemin = entrepot.settings.raw / "subventions" / "s_2024.csv"
    monkeypatch.setattr(files, "TEMPS_DE_COPIE_S", 60.0)
    monkeypatch.setattr(files.time, "sleep", lambda _: grossir(chemin, VRAI.encode()))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "s_2024.csv est en cours de copie" in etat.motif


def test_rien_n_est_attendu_d_un_fichier_qui_ne_change_plus(entrepot, monkeypatch):
    deposer(entrepot, "subventions", "s_2024.csv", VRAI)
    monkeypatch.setattr(files, "TEMPS_DE_COPIE_S", 1e-9)
    monkeypatch.setattr(files.time, "sleep", lambda _: pytest.fail("attendu pour rien"))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
