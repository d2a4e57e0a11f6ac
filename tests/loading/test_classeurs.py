"""Workbooks as people lay them out: merged cells, formulas, hidden rows and sheets, older formats."""

import datetime
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.depots import charger_source, comptes_justes, deposer, regles, rejets, table

TITRES = [
    *("nomAttribuant", "idAttribuant", "dateConvention", "nomBeneficiaire", "idBeneficiaire", "objet", "montant"),
]
CLASSEURS = Path(__file__).parent / "classeurs"
LIGNE = ["EPCI", "200011773", datetime.date(2024, 3, 15), "Asso A", "70000004500018"]


def _feuille(montants: list[object]) -> tuple[openpyxl.Workbook, Worksheet]:
    classeur = openpyxl.Workbook()
    feuille = classeur.worksheets[0]
    feuille.append(TITRES)
    for rang, montant in enumerate(montants):
        feuille.append([*LIGNE, "opqrstu"[rang], montant])
    return classeur, feuille


def _octets(classeur: openpyxl.Workbook) -> bytes:
    flux = io.BytesIO()
    classeur.save(flux)
    return flux.getvalue()


def _fusionne(*plages: str) -> bytes:
    classeur, feuille = _feuille([30000, 45000.5, 1000])
    for plage in plages:
        feuille.merge_cells(plage)
    return _octets(classeur)


def _ods(rangs: list[list[object]]) -> bytes:
    def cellule(mot: object) -> str:
        if isinstance(mot, datetime.date):
            return f'<table:table-cell office:value-type="date" office:date-value="{mot}"/>'
        if isinstance(mot, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{mot}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{mot}</text:p></table:table-cell>'

    lignes = "".join(f"<table:table-row>{''.join(map(cellule, rang))}</table:table-row>" for rang in rangs)
    noms = "urn:oasis:names:tc:opendocument:xmlns"
    contenu = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{noms}:office:1.0" '
        f'xmlns:table="{noms}:table:1.0" xmlns:text="{noms}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Subventions">{lignes}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        manifeste = f'<manifest:manifest xmlns:manifest="{noms}:manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifeste)
        archive.writestr("content.xml", contenu)
    return flux.getvalue()


def _lues(entrepot, cle: str) -> list[object]:
    return [ligne[cle] for ligne in sorted(table(entrepot, "subventions"), key=lambda ligne: ligne["_ligne"])]


TEXTES = {
    "s_2024.xlsx": lambda: _fusionne("A2:A4", "B2:B4", "C2:C4", "D2:D3", "E2:E3"),
    "s_2024.xls": lambda: (CLASSEURS / "texte_fusionne.xls").read_bytes(),
}


@pytest.mark.parametrize("nom", TEXTES)
def test_un_mot_fusionne_vaut_pour_chaque_ligne(entrepot, nom):
    deposer(entrepot, "subventions", nom, TEXTES[nom]())
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    assert _lues(entrepot, "siren_attribuant") == ["200011773"] * 3
    assert _lues(entrepot, "siren_beneficiaire") == ["700000045"] * 3
    assert _lues(entrepot, "date_convention") == [datetime.date(2024, 3, 15)] * 3
    assert _lues(entrepot, "montant_eur") == [30000, Decimal("45000.50"), 1000]


MONTANTS = {
    "s_2024.xlsx": lambda: _fusionne("G2:G3"),
    "s_2024.xls": lambda: (CLASSEURS / "montant_fusionne.xls").read_bytes(),
}


@pytest.mark.parametrize("nom", MONTANTS)
def test_un_montant_fusionne_est_celui_d_une_convention(entrepot, nom):
    deposer(entrepot, "subventions", nom, MONTANTS[nom]())
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    conventions = {
        ligne["reference_convention"] or ligne["_ligne"]: ligne["montant_eur"]
        for ligne in table(entrepot, "subventions")
    }
    montant = Decimal("75000.50") if nom.endswith("xls") else Decimal(30000)
    assert sorted(conventions.values()) == [1000, montant], "compté une fois pour les deux lignes"
    assert regles(entrepot, "subventions")["signalement", "montant_fusionne"] == 1


def test_des_titres_fusionnes_ne_se_repetent_pas_dans_les_lignes(entrepot):
    classeur, feuille = _feuille([5])
    feuille.insert_rows(1)
    feuille["A1"] = "Subventions 2024"
    feuille.merge_cells("A1:G1")
    deposer(entrepot, "subventions", "s_2024.xlsx", _octets(classeur))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert _lues(entrepot, "montant_eur") == [5]


def test_une_formule_jamais_calculee_se_dit(entrepot):
    classeur, _ = _feuille([15000, "=20000/1.0", 5])
    deposer(entrepot, "subventions", "s_2024.xlsx", _octets(classeur))
    etat = charger_source(entrepot, "subventions", plafond_rejets_pct=50)
    assert etat.etat == "a_jour" and _lues(entrepot, "montant_eur") == [15000, 5]
    [refus] = [rejet for rejet in rejets(entrepot, "subventions") if rejet["gravite"] == "refus"]
    assert refus["ligne"] == 3 and "formule jamais calculée : ouvrir" in refus["motif"]


def test_des_lignes_masquees_comptent_et_se_disent(entrepot):
    classeur, feuille = _feuille([1, 2, 3])
    feuille.row_dimensions[3].hidden = True
    deposer(entrepot, "subventions", "s_2024.xlsx", _octets(classeur))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert _lues(entrepot, "montant_eur") == [1, 2, 3]
    assert regles(entrepot, "subventions") == {("signalement", "lignes_masquees"): 1}


def test_un_ods_se_lit_et_dit_ce_qui_ne_s_y_voit_pas(entrepot):
    deposer(entrepot, "subventions", "s_2024.ods", _ods([TITRES, [*LIGNE, "o", 1500.5], [*LIGNE, "p", 7]]))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    assert _lues(entrepot, "montant_eur") == [Decimal("1500.50"), 7]
    assert _lues(entrepot, "date_convention") == [datetime.date(2024, 3, 15)] * 2
    assert regles(entrepot, "subventions") == {("signalement", "format_ancien"): 1}


@pytest.mark.parametrize("nom", ["s_2024.xls", "s_2024.ods", "s_2024.xlsb"])
def test_un_classeur_abime_est_refuse_en_francais(entrepot, nom):
    deposer(entrepot, "subventions", nom, b"ceci n'est pas un classeur")
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "illisible, tronqué" in etat.motif
