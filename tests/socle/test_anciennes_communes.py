"""Former communes: every code a file may still carry is led to what surely contains it today."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as parquet
import pytest

from observatoire.derived import compute_table
from observatoire.schemas import DATE, TEXTE
from observatoire.settings import REFERENCES, Settings
from observatoire.socle.former_communes import PASSAGES_COMMUNES
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer
from tests.donnees import lire_csv
from tests.fabrique import COLONNES_COMMUNES, Fabrique, communes

LUES = ("communes", "communes_anciennes", "mouvements_communes")
COLONNES_MOUVEMENTS = {
    "code_mouvement": TEXTE, "date_effet": DATE, "type_avant": TEXTE, "code_avant": TEXTE, "type_apres": TEXTE,
    "code_apres": TEXTE,
}  # fmt: skip
COLONNES_ANCIENNES = {"code_ancien": TEXTE, "type_ancien": TEXTE, "code_commune": TEXTE}
# merged since the communes of 2018
FUSIONNEES_63 = {"63078": "63448", "63127": "63335", "63133": "63226", "63330": "63109"}

Passages = dict[str, dict[str, Any]]


@pytest.fixture
def passages(tmp_path: Path) -> Callable[..., Passages]:
    """Give the passages of hand-made movements (`"2001 32 A>B"`, `COMA:A` for a type) among the communes of the fabrique."""

    def calcules(*mouvements: str, anciennes: tuple[tuple[str, str, str], ...] = ()) -> Passages:
        petite = Fabrique(tmp_path)
        petite.table("referentiels", "communes", COLONNES_COMMUNES, communes())
        petite.table(
            "referentiels", "communes_anciennes", COLONNES_ANCIENNES,
            [dict(zip(COLONNES_ANCIENNES, ancienne, strict=True)) for ancienne in anciennes],
        )  # fmt: skip
        petite.table("referentiels", "mouvements_communes", COLONNES_MOUVEMENTS, [_mouvement(m) for m in mouvements])
        compute_table(petite.entrepot, PASSAGES_COMMUNES)
        return {ligne["code_ancien"]: ligne for ligne in petite.read_batches("referentiels.passages_communes")}

    return calcules


def _mouvement(dit: str) -> dict[str, Any]:
    annee, mode, codes = dit.split()
    (type_avant, avant), (type_apres, apres) = (
        code.split(":") if ":" in code else ("COM", code) for code in codes.split(">")
    )
    valeurs = (mode, pd.Timestamp(int(annee), 1, 1).date(), type_avant, avant, type_apres, apres)
    return dict(zip(COLONNES_MOUVEMENTS, valeurs, strict=True))


def _lieu(passages: Passages, code: str) -> str:
    return f"{passages[code]['niveau']}:{passages[code]['code_territoire']}"


@pytest.mark.parametrize(
    ("mouvements", "lieux"),
    [
        pytest.param(["2001 32 63900>63001"], {"63900": "commune:63001"}, id="fusion"),
        pytest.param(
            ["2001 32 63900>63901", "2010 32 63901>63902", "2020 50 63902>63001"],
            dict.fromkeys(["63900", "63901", "63902"], "commune:63001"),
            id="chaine",
        ),
        # the same day: a change of département, then a merge
        pytest.param(
            ["2001 41 63900>43901", "2001 32 43901>43001"],
            {"63900": "commune:43001", "43901": "commune:43001"},
            id="departement_et_fusion_le_meme_jour",
        ),
        pytest.param(["1968 41 63900>43002"], {"63900": "commune:43002"}, id="changement_de_departement"),
        # a code that has parted stays what its parts have in common
        pytest.param(["2001 20 63900>63001", "2001 20 63900>63002"], {"63900": "epci:A"}, id="scission_dans_un_epci"),
        pytest.param(["2001 20 63900>63001", "2001 20 63900>63004"], {"63900": "departement:63"}, id="scission_63"),
        pytest.param(["2001 20 63900>63001", "2001 20 63900>43002"], {"63900": "region:84"}, id="scission_region"),
        pytest.param(["2001 20 63900>63001", "2001 20 63900>19002"], {"63900": "france:FR"}, id="scission_france"),
        pytest.param(["2001 30 63900>63001", "2001 30 63900>98735"], {"63900": "inconnu:inconnu"}, id="hors_de_tout"),
        pytest.param(
            ["2001 20 63900>63901", "2001 20 63900>63001", "2010 32 63901>63002"],
            {"63900": "epci:A", "63901": "commune:63002"},
            id="scission_puis_fusion_d_une_part",
        ),
        # two parts that meet again are one place
        pytest.param(
            ["2001 20 63900>63901", "2001 20 63900>63902", "2010 32 63901>63001", "2010 32 63902>63001"],
            dict.fromkeys(["63900", "63901", "63902"], "commune:63001"),
            id="scission_puis_reunion",
        ),
        # 63001 merges into 63900 and leaves it: it is a commune, whatever it was in between
        pytest.param(
            ["1973 33 63001>63900", "1990 21 63900>63001", "1990 21 63900>63900", "2019 32 63900>63002"],
            {"63900": "commune:63002"},
            id="retablissement",
        ),
        # 63901 had entered 63900 beside 63001, which alone leaves
        pytest.param(
            ["1973 33 63001>63900", "1973 33 63901>63900", "1990 21 63900>63001", "1990 21 63900>63900",
             "2019 32 63900>63002"],
            {"63901": "commune:63002", "63900": "commune:63002"},
            id="retablissement_d_une_autre",
        ),
        # 63901 had entered 63001 first: it leaves with it
        pytest.param(
            ["1960 31 63901>63001", "1973 33 63001>63900", "1990 21 63900>63001", "1990 21 63900>63900",
             "2019 32 63900>63002"],
            {"63901": "commune:63001", "63900": "commune:63002"},
            id="retablissement_de_celle_par_ou_il_est_venu",
        ),
        # what leaves never was a commune: nobody knows what of 63901 it took
        pytest.param(
            ["1973 33 63901>63002", "1990 21 63002>63003", "1990 21 63002>63002"],
            {"63901": "epci:A"},
            id="creation_d_une_nouvelle",
        ),
        # an associated commune that goes its own way
        pytest.param(
            ["1973 33 63901>63900", "1983 33 COMA:63901>63001", "2019 32 63900>63002"],
            {"63901": "commune:63001", "63900": "commune:63002"},
            id="commune_associee_qui_change_de_chef_lieu",
        ),
        pytest.param(["2001 10 63001>63001", "2001 32 63001>COMD:63001"], {}, id="ce_qui_ne_change_pas_de_code"),
        # back and forth, as 27058 and 27676 did
        pytest.param(["2020 50 63900>63001", "2023 50 63001>63900"], {}, id="aller_et_retour_sans_issue"),
        pytest.param(["2020 50 63001>63900", "2023 50 63900>63001"], {"63900": "commune:63001"}, id="aller_et_retour"),
        pytest.param(["2020 32 63900>63901", "2020 32 63901>63900"], {}, id="cycle_le_meme_jour"),
        pytest.param(
            ["2000 50 63900>63901", "2001 50 63901>63900", "2002 50 63900>63901"], {}, id="cycle_jamais_courant"
        ),
        pytest.param(["2001 32 63900>63999"], {}, id="trajet_perdu"),
        # the communes are those of 2026
        pytest.param(
            ["2001 32 63900>63001", "2027 32 63001>63999"], {"63900": "commune:63001"}, id="mouvement_plus_recent"
        ),
    ],
)  # fmt: skip
def test_un_code_mene_a_ce_qui_le_contient_a_coup_sur(
    passages: Callable[..., Passages], mouvements: list[str], lieux: dict[str, str]
) -> None:
    trouves = passages(*mouvements)
    assert {code: _lieu(trouves, code) for code in trouves} == lieux
    for ligne in trouves.values():
        assert (ligne["niveau"] == "commune") == (ligne["code_commune"] is not None)


@pytest.mark.parametrize(
    ("mouvement", "motif"),
    [
        ("2001 31 63900>63001", "fusion"),
        ("2001 32 63900>63001", "fusion"),
        ("2001 33 63900>63001", "fusion"),
        ("2001 41 63900>43001", "changement de département"),
        ("2001 50 63900>63001", "changement de code"),
        ("2001 30 63900>63001", "suppression"),
        ("2001 21 63900>63001", "scission"),
    ],
)
def test_la_raison_et_la_date_sont_dites(passages: Callable[..., Passages], mouvement: str, motif: str) -> None:
    (ligne,) = passages(mouvement).values()
    assert (ligne["motif"], str(ligne["depuis"])) == (motif, "2001-01-01")


def test_le_code_officiel_passe_avant_ce_que_les_mouvements_laissent_deduire(
    passages: Callable[..., Passages],
) -> None:
    trouves = passages(
        "2001 32 63900>63001",
        "2010 32 63902>63901",
        anciennes=(
            ("63900", "commune-deleguee", "63002"),
            ("63901", "commune-associee", "63003"),
            ("63101", "arrondissement-municipal", "63001"),
            ("63002", "commune-deleguee", "63001"),
        ),
    )
    assert {code: (ligne["code_commune"], ligne["motif"]) for code, ligne in trouves.items()} == {
        "63900": ("63002", "commune déléguée ou associée"),
        "63901": ("63003", "commune déléguée ou associée"),
        "63902": ("63003", "fusion"),
        "63101": ("63001", "arrondissement municipal"),
    }, "un code actuel n'est jamais ancien"
    assert str(trouves["63900"]["depuis"]) == "2001-01-01" and trouves["63101"]["depuis"] is None


def test_sans_mouvements_restent_les_communes_deleguees(passages: Callable[..., Passages]) -> None:
    assert list(passages(anciennes=(("63900", "commune-deleguee", "63001"),))) == ["63900"]


# the real files


def _calculer(entrepot: Entrepot) -> pd.DataFrame:
    for nom in LUES:
        assert charger_source(entrepot, nom).etat == "a_jour"
    compute_table(entrepot, PASSAGES_COMMUNES)
    lus = parquet.read_table(entrepot.path_of("referentiels", "passages_communes")).to_pandas()
    return lus.set_index("code_ancien")


@pytest.fixture(scope="module")
def embarques(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Give the passages of the embedded files."""
    dossier = tmp_path_factory.mktemp("embarques")
    return _calculer(Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701")))


def test_chaque_code_embarque_mene_a_une_commune(embarques: pd.DataFrame) -> None:
    actuelles = {ligne["code_commune"] for ligne in lire_csv(REFERENCES / "communes.csv")}
    mouvements = lire_csv(REFERENCES / "mouvements_communes.csv")
    disparus = {m["COM_AV"] for m in mouvements} - actuelles
    deleguees = {ligne["code_ancien"] for ligne in lire_csv(REFERENCES / "communes_anciennes.csv")}
    assert set(embarques.index) == (disparus | deleguees) - actuelles
    assert set(embarques["code_commune"]) <= actuelles
    assert len(disparus) == 4234


@pytest.mark.parametrize(
    ("code", "commune", "motif", "depuis"),
    [
        ("78001", "91001", "changement de département", "1968-01-01"),
        ("20004", "2A004", "changement de département", "1976-01-01"),
        ("75101", "75056", "arrondissement municipal", "NaT"),
        ("44060", "49160", "changement de département", "2016-01-01"),
        ("27058", "27676", "changement de code", "2023-01-01"),
        ("63127", "63335", "fusion", "2019-01-01"),
    ],
)
def test_des_codes_connus(embarques: pd.DataFrame, code: str, commune: str, motif: str, depuis: str) -> None:
    ligne = embarques.loc[code]
    assert (ligne["code_commune"], ligne["motif"]) == (commune, motif)
    assert str(ligne["depuis"])[:10] in (depuis, "None")


def test_les_codes_fusionnes_depuis_2018_dans_le_puy_de_dome(embarques: pd.DataFrame) -> None:
    assert embarques.loc[list(FUSIONNEES_63), "code_commune"].to_dict() == FUSIONNEES_63


def test_le_fichier_officiel_du_puy_de_dome_mene_chaque_code_ou_l_embarque_le_mene(
    entrepot: Entrepot, donnees: Path, embarques: pd.DataFrame
) -> None:
    chemin = donnees / "geo" / "insee_cog_mvt_commune_2026_dep63.csv"
    mouvements = lire_csv(chemin)
    deposer(entrepot, "mouvements_communes", "v_mvt_commune_2026.csv", chemin.read_bytes())
    passages = _calculer(entrepot)
    actuelles = {ligne["code_commune"] for ligne in lire_csv(REFERENCES / "communes.csv")}
    ont_existe = {m[colonne] for m in mouvements for colonne in ("COM_AV", "COM_AP")}
    disparus = ont_existe - actuelles
    assert disparus <= set(passages.index)
    assert passages.loc[sorted(disparus), "niveau"].unique().tolist() == ["commune"]
    ici = sorted(code for code in embarques.index if code.startswith("63"))
    assert set(ici) == disparus, "l'embarqué n'en oublie ni n'en invente aucun"
    colonnes = ["code_commune", "motif", "depuis"]
    pd.testing.assert_frame_equal(passages.loc[ici, colonnes], embarques.loc[ici, colonnes])


def test_les_mouvements_embarques_du_puy_de_dome_sont_ceux_du_fichier_officiel(donnees: Path) -> None:
    def changements(chemin: Path) -> set[tuple[str, ...]]:
        return {
            (m["MOD"], m["DATE_EFF"], m["COM_AV"], m["COM_AP"])
            for m in lire_csv(chemin)
            if m["TYPECOM_AV"] == m["TYPECOM_AP"] == "COM" and m["COM_AV"] != m["COM_AP"]
            and {m["COM_AV"][:2], m["COM_AP"][:2]} == {"63"}
        }  # fmt: skip

    officiels = changements(donnees / "geo" / "insee_cog_mvt_commune_2026_dep63.csv")
    assert changements(REFERENCES / "mouvements_communes.csv") == officiels
    assert len(officiels) == 10
