"""Sums of hidden cells: what a total less its shown parts gives obeys the primary rules, as a cell would."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from observatoire.confidentiality.audit import first_leak
from observatoire.confidentiality.programme import Programme, SystemeIncoherent
from observatoire.confidentiality.protection import protect
from observatoire.confidentiality.suppressions import SecretNonGaranti, compute_suppressions
from observatoire.confidentiality.tau import Tau
from tests.confidentiality.jeu_secret import AttaquantDuTest
from tests.confidentiality.test_cubes import cube
from tests.confidentiality.test_publication import publier, retoucher
from tests.fabrique import Fabrique, Ligne

PEU_PUIS_BEAUCOUP = [
    pytest.param(range(8), id="huit", marks=pytest.mark.long),
    pytest.param(range(120), id="cent vingt", marks=pytest.mark.campagne),
]
CLE = ["niveau", "code_territoire", "axe", "modalite"]
DEDANS = {"epci": ["commune"], "departement": ["commune"], "region": ["departement"], "france": ["region"]}
PLUS_FINS = {"total": ["famille", "secteur"], "famille": ["famille×secteur"], "secteur": ["famille×secteur"]}


def trois_communes(petit: Fabrique, *voisins: tuple[str, int, str]) -> list[Ligne]:
    """Draw an EPCI of three communes: five associations in the last, the establishments named in the two others."""
    lignes = [petit.ligne(f"commune:{lieu}", valeur, repondant=repondant) for lieu, valeur, repondant in voisins]
    lignes += [petit.ligne("commune:63003", 300 + rang) for rang in range(5)]
    return lignes + [petit.ligne("commune:43002", 250 + rang) for rang in range(6)]


def montrees(petit: Fabrique) -> dict[str, object]:
    return {lieu: valeur for lieu, valeur in petit.publiees("m").items() if valeur is not None}


def test_deux_communes_cachees_d_une_seule_association_ne_se_lisent_pas_dans_leur_somme(petit: Fabrique) -> None:
    petit.protegee("m", trois_communes(petit, ("63001", 500, "X"), ("63002", 700, "X")))
    dites = montrees(petit)
    assert not {"commune:63001", "commune:63002"} & set(dites)
    assert not {"epci:A", "commune:63003"} <= set(dites), "1 200 is what X pays"
    assert "departement:63" in dites and not first_leak(petit.entrepot)


def test_deux_associations_ne_se_lisent_pas_l_une_l_autre(petit: Fabrique) -> None:
    petit.protegee("m", trois_communes(petit, ("63001", 500, "X"), ("63002", 700, "Y")))
    assert not {"epci:A", "commune:63003"} <= set(montrees(petit))
    assert not first_leak(petit.entrepot)


def test_une_somme_ou_une_association_pese_plus_de_85_pour_cent_est_confidentielle(petit: Fabrique) -> None:
    voisins = [("63001", 900, "X"), ("63001", 30, "Y"), ("63002", 40, "Z")]
    petit.protegee("m", trois_communes(petit, *voisins))
    assert not {"epci:A", "commune:63003"} <= set(montrees(petit))


def test_une_somme_de_trois_repondants_sans_dominant_reste_publique(petit: Fabrique) -> None:
    voisins = [("63001", 500, "X"), ("63001", 400, "Y"), ("63002", 700, "Z")]
    petit.protegee("m", trois_communes(petit, *voisins))
    dites = montrees(petit)
    assert {"epci:A", "commune:63003"} <= set(dites) and "commune:63001" not in dites


def test_une_somme_de_paies_demande_cinq_salaries(petit: Fabrique) -> None:
    lieux = [("63001", "X", 1), ("63001", "Y", 1), ("63002", "Z", 1)]
    lieux += [("63003", nom, 4) for nom in "abcde"] + [("43002", nom, 4) for nom in "fghijk"]
    petit.contributions("effectifs", [petit.ligne(f"commune:{c}", n, unite=nom, repondant=nom) for c, nom, n in lieux])
    masses = [petit.ligne(f"commune:{c}", 300, unite=nom, repondant=nom) for c, nom, _ in lieux]
    petit.protegee("m", masses, "-- salariés : effectifs")
    assert not {"epci:A", "commune:63003"} <= set(montrees(petit))


def test_l_audit_arrete_une_somme_d_une_seule_association_et_la_nomme(petit: Fabrique) -> None:
    lignes = trois_communes(petit, ("63001", 500, "X"), ("63002", 700, "X"))
    petit.protegee("m", lignes)
    retoucher(
        petit,
        "UPDATE v SET numerateur = 1510, valeur = 1510, statut_confidentialite = 'F' "
        "WHERE indicateur = 'm' AND niveau = 'commune' AND code_territoire = '63003'",
    )
    fuite = first_leak(petit.entrepot)
    assert "commune 63001" in fuite and "sa somme avec 1 autre cellule" in fuite
    assert "moins de trois répondants" in fuite and "Rien n'est publié" in fuite and "1200" not in fuite


def test_une_somme_que_donne_une_publication_gardee_arrete_tout_et_nomme_une_de_ses_cellules(petit: Fabrique) -> None:
    """Three associations then, one since they merged: the same figures, out already."""
    lieux = [("63001", 500), ("63001", 400), ("63002", 700)]
    petit.protegee("m", trois_communes(petit, *[(*lieu, nom) for lieu, nom in zip(lieux, "XYZ", strict=True)]))
    publier(petit, "20240101")
    petit.protegee("m", trois_communes(petit, *[(*lieu, "X") for lieu in lieux]))
    with pytest.raises(SecretNonGaranti, match=r"commune 6300\d, 2024 reste connue .*avec d'autres.*retirer_publication"):
        petit.valeurs()


@pytest.mark.parametrize("erreur", [ArithmeticError("Empty"), SystemeIncoherent()])
def test_un_calcul_qui_n_aboutit_pas_le_dit_en_francais_et_arrete_tout(
    petit: Fabrique, monkeypatch: pytest.MonkeyPatch, erreur: Exception
) -> None:
    def echouer(*_: object) -> None:
        raise erreur

    petit.protegee("m", trois_communes(petit, ("63001", 500, "X"), ("63002", 700, "Y")))
    petit.valeurs()
    with monkeypatch.context() as rate:
        rate.setattr(Programme, "lowest", echouer)
        dit = first_leak(petit.entrepot)
    assert "m en 2024" in dit and "relancer recalculer_indicateurs" in dit and "Rien n'est publié" in dit
    petit.entrepot.path_of("indicateurs", "suppressions").unlink()
    monkeypatch.setattr(Programme, "lowest", echouer)
    with pytest.raises(SecretNonGaranti, match=r"la protection de m n'a pas abouti.*Relancer") as arret:
        compute_suppressions(petit.entrepot)
    assert arret.value.__cause__ is None and "Empty" not in str(arret.value)


@pytest.mark.parametrize("graines", PEU_PUIS_BEAUCOUP)
def test_aucune_somme_de_cellules_cachees_ne_dit_un_repondant(tmp_path: Path, graines: range) -> None:
    """Count respondents from the establishments, by the test's own code, for each whole and each way to cut it."""
    comptees = 0
    with Tau(tmp_path) as tau:
        for graine in graines:
            tire = cube(graine)
            cellules = tire.systeme.cellules[tire.systeme.cellules["est_publiable"]]
            cachees = protect(tire.systeme, tau).cachees[cellules["variable"].to_numpy()]
            lieux = tire.communes.assign(code_france="FR")
            detail = tire.lignes.merge(lieux, left_on="code_territoire", right_on="code_commune")
            for reste in unions(detail, set(cellules.loc[~cachees, CLE].itertuples(index=False, name=None))):
                comptees += 1
                assert len(reste) >= 3, (graine, reste.to_dict())
                assert reste.max() <= 0.85 * reste.sum(), (graine, reste.to_dict())
    assert comptees > 5 * len(graines)


@pytest.mark.parametrize("graines", PEU_PUIS_BEAUCOUP)
def test_aucune_paire_de_cellules_cachees_que_les_equations_donnent_ne_dit_un_repondant(tmp_path: Path, graines: range) -> None:
    """Whatever equations it takes: the sum of the two is a combination of what is shown, establishment by establishment."""
    connues = 0
    with Tau(tmp_path) as tau:
        for graine in graines:
            tire = cube(graine)
            cellules = tire.systeme.cellules[tire.systeme.cellules["est_publiable"]]
            cachees = protect(tire.systeme, tau).cachees[cellules["variable"].to_numpy()]
            attaquant = AttaquantDuTest(tire.communes, tire.lignes, cellules)
            lignes = np.array(attaquant.lignes)
            montrees = np.linalg.pinv(lignes[~cachees]) @ lignes[~cachees]
            libres, atomes = lignes[cachees] - lignes[cachees] @ montrees, lignes[cachees]
            for a, b in combinations(range(len(libres)), 2):
                if np.abs(libres[a] + libres[b]).max() > 1e-6 or (atomes[a] * atomes[b]).any():
                    continue
                connues += 1
                dedans = attaquant.atomes[(atomes[a] + atomes[b]) > 0]
                qui = tire.lignes.merge(
                    dedans[["code_commune", "famille", "secteur"]],
                    left_on=["code_territoire", "famille", "secteur"],
                    right_on=["code_commune", "famille", "secteur"],
                )
                reste = qui.groupby("repondant")["valeur"].sum()
                assert len(reste) >= 3 and reste.max() <= 0.85 * reste.sum(), (graine, reste.to_dict())
    assert connues > len(graines) / 2


def unions(detail: pd.DataFrame, montrees: set[tuple[str, ...]]) -> Iterator[pd.Series]:
    """Give what each respondent has in each published whole, once its published parts are taken away."""
    for niveau, code, axe, modalite in sorted(montrees):
        dedans = detail[(detail[f"code_{niveau}"] == code) & (names(detail, axe) == modalite)]
        coupes = [(plus_petit, axe) for plus_petit in DEDANS.get(niveau, ())]
        coupes += [(niveau, plus_fin) for plus_fin in PLUS_FINS.get(axe, ()) if niveau != "commune" or axe == "total"]
        for coupe, finesse in coupes:
            lieux, noms = detail.loc[dedans.index, f"code_{coupe}"], names(dedans, finesse)
            tus = [(coupe, lieu, finesse, nom) not in montrees for lieu, nom in zip(lieux, noms, strict=True)]
            if any(tus):
                yield dedans[tus].groupby("repondant")["valeur"].sum()


def names(detail: pd.DataFrame, axe: str) -> pd.Series:
    """Name the modality of each establishment in a breakdown."""
    return detail[axe.split("×")].agg("|".join, axis=1) if axe != "total" else pd.Series("total", index=detail.index)


def test_le_solveur_n_ecrit_rien_a_l_ecran(capfd):
    programme = Programme(sparse.csr_matrix([[1.0, 2.0]]), np.array([1.0]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert programme.lowest(np.array([1.0, 1.0])).tolist() == [0, 0.5]
    assert capfd.readouterr() == ("", "")
