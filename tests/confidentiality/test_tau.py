"""τ-Argus gives the statuses Insee's own package gives, alone in a folder of which nothing is left."""

import csv
from pathlib import Path

import pytest

from observatoire.confidentiality.tau import TOTAL, CelluleDeTableau, Tableau, Tau, TauEnEchec

REGLES = "NK(1,85)|FREQ(3,10)"
CANARI = "987654321.25"


def lire(chemin: Path) -> list[dict[str, str]]:
    with chemin.open(encoding="utf-8") as flux:
        return list(csv.DictReader(flux))


def tableau(lignes: list[dict[str, str]], valeur: str, est_cachee: bool = False) -> Tableau:
    return Tableau(
        {
            (ligne["ACTIVITY"], ligne["SIZE"]): CelluleDeTableau(ligne[valeur], int(ligne["N_OBS"]), est_cachee)
            for ligne in lignes
        }
    )


def test_les_statuts_de_l_exemple_de_l_insee(donnees: Path, tmp_path: Path) -> None:
    lignes = lire(donnees / "sdc" / "rtauargus_readme_golden_example.csv")
    maxima = {(ligne["ACTIVITY"], ligne["SIZE"]): ligne["MAX"] for ligne in lignes}
    with Tau(tmp_path) as tau:
        statuts = tau.statuses(tableau(lignes, "VAL"), REGLES, maxima)
    # τ-Argus says U of what Insee splits into A (too few units) and B (one dominates), M of what it calls D
    attendus = {"V": "S", "A": "U", "B": "U", "D": "M"}
    assert statuts == {(ligne["ACTIVITY"], ligne["SIZE"]): attendus[ligne["STATUS_EXPECTED"]] for ligne in lignes}


def test_nos_statuts_donnes_menent_aux_memes_cellules_secondaires(donnees: Path, tmp_path: Path) -> None:
    lignes = lire(donnees / "sdc" / "rtauargus_readme_golden_example.csv")
    cellules = {
        (ligne["ACTIVITY"], ligne["SIZE"]): CelluleDeTableau(
            ligne["VAL"], int(ligne["N_OBS"]), int(ligne["N_OBS"]) < 3 or int(ligne["MAX"]) > 0.85 * int(ligne["VAL"])
        )
        for ligne in lignes
    }
    with Tau(tmp_path) as tau:
        statuts = tau.statuses(Tableau(cellules))
    secondaires = {codes for codes, statut in statuts.items() if statut == "M"}
    assert secondaires == {(ligne["ACTIVITY"], ligne["SIZE"]) for ligne in lignes if ligne["STATUS_EXPECTED"] == "D"}


def test_les_cellules_primaires_du_tableau_de_l_insee_sont_celles_des_regles(donnees: Path, tmp_path: Path) -> None:
    """The A10 × size part of Insee's fake table: values rounded so that totals are exact to the sixth decimal."""
    lignes = lire(donnees / "sdc" / "rtauargus_turnover_act_size_fake.csv")
    a10 = {ligne["A10"] for ligne in lire(donnees / "sdc" / "rtauargus_activity_corr_table_fake.csv")}
    gardees = [ligne for ligne in lignes if ligne["ACTIVITY"] in a10 | {TOTAL}]
    maxima = {(ligne["ACTIVITY"], ligne["SIZE"]): ligne["MAX"] for ligne in gardees}
    with Tau(tmp_path) as tau:
        statuts = tau.statuses(tableau(gardees, "TOT"), REGLES, maxima)
    regles = {
        (ligne["ACTIVITY"], ligne["SIZE"])
        for ligne in gardees
        if int(ligne["N_OBS"]) < 3 or float(ligne["MAX"]) > 0.85 * float(ligne["TOT"])
    }
    assert regles and {codes for codes, statut in statuts.items() if statut == "U"} == regles


def test_rien_ne_reste_du_dossier_prive(tmp_path: Path, monkeypatch) -> None:
    ecrits: list[str] = []
    demander = Tau._ask

    def apres(tau: Tau, dossier: Path) -> int:
        code = demander(tau, dossier)
        ecrits.extend(chemin.read_text(errors="replace") for chemin in dossier.rglob("*") if chemin.is_file())
        return code

    monkeypatch.setattr(Tau, "_ask", apres)
    cellules = {(ligne, colonne): CelluleDeTableau("10", 5, False) for ligne in "ab" for colonne in "cd"}
    cellules |= {(TOTAL, c): CelluleDeTableau("20", 10, False) for c in "cd"} | {
        (TOTAL, TOTAL): CelluleDeTableau("40", 20, False)
    }
    cellules |= {(ligne, TOTAL): CelluleDeTableau("20", 10, False) for ligne in "ab"}
    cellules = {
        codes: CelluleDeTableau(str(float(c.valeur) * float(CANARI)), c.nombre_unites, False)
        for codes, c in cellules.items()
    }
    cellules["a", "c"] = CelluleDeTableau(cellules["a", "c"].valeur, 5, True)
    with Tau(tmp_path) as tau:
        premier = tau.statuses(Tableau(cellules))
        assert any("98765432125" in texte.replace(".", "") for texte in ecrits), (
            "the canary does show in what τ-Argus writes"
        )
        assert list(tmp_path.iterdir()) == []
        assert tau.statuses(Tableau(cellules)) == premier, "a second call finds nothing of the first"
    assert sum(statut == "M" for statut in premier.values()) == 3
    assert list(tmp_path.iterdir()) == []


def test_un_processus_mort_est_un_echec_et_le_tableau_suivant_en_a_un_autre(tmp_path: Path) -> None:
    cellules = {
        (ligne, colonne): CelluleDeTableau(str(valeur), 5, (ligne, colonne) == ("a", "c"))
        for ligne, colonne, valeur in [("a", "c", 1), ("a", "d", 2), ("a", TOTAL, 3), ("b", "c", 4), ("b", "d", 5)]
    }
    cellules |= {("b", TOTAL): CelluleDeTableau("9", 10, False), (TOTAL, TOTAL): CelluleDeTableau("12", 20, False)}
    cellules |= {(TOTAL, c): CelluleDeTableau(v, 10, False) for c, v in (("c", "5"), ("d", "7"))}
    with Tau(tmp_path) as tau:
        assert tau.statuses(Tableau(cellules))["a", "c"] == "U"
        assert tau._processus is not None
        tau._processus.kill()
        tau._processus.wait()
        with pytest.raises(TauEnEchec):
            tau.statuses(Tableau(cellules))
        assert tau.statuses(Tableau(cellules))["a", "c"] == "U"
    assert list(tmp_path.iterdir()) == []


def test_un_echec_ne_repete_aucune_valeur_et_n_arrete_pas_les_suivants(tmp_path: Path) -> None:
    bancal = Tableau({(TOTAL, TOTAL): CelluleDeTableau(CANARI, 0, True), ("a", "b"): CelluleDeTableau("1", 5, False)})
    bon = Tableau(
        {
            ("a", "c"): CelluleDeTableau("1", 5, True),
            ("a", "d"): CelluleDeTableau("2", 5, False),
            ("a", TOTAL): CelluleDeTableau("3", 10, False),
            ("b", "c"): CelluleDeTableau("4", 5, False),
            ("b", "d"): CelluleDeTableau("5", 5, False),
            ("b", TOTAL): CelluleDeTableau("9", 10, False),
            (TOTAL, "c"): CelluleDeTableau("5", 10, False),
            (TOTAL, "d"): CelluleDeTableau("7", 10, False),
            (TOTAL, TOTAL): CelluleDeTableau("12", 20, False),
        }
    )
    with Tau(tmp_path) as tau:
        with pytest.raises(TauEnEchec) as echec:
            tau.statuses(bancal)
        assert "987" not in str(echec.value) and echec.value.__cause__ is None
        assert tau.statuses(bon)["a", "c"] == "U"
    assert list(tmp_path.iterdir()) == []
