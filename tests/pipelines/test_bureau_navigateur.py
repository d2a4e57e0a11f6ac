"""An analyst at the desk: launches, reads what was refused, sees a broken source, a broken geography. By clicks only."""

from pathlib import Path

import duckdb
import pytest

from tests.chaine import octets, petit_raw
from tests.depots import SUBVENTION, en_csv
from tests.navigateur import SANS_NAVIGATEUR, Visite, chromium
from tests.pipelines.bureau import PATIENCE_MS, interface, lancer_dans_l_interface, lire_l_asset, ouvrir_le_job

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bureau(tmp_path_factory) -> Path:
    """Lay out the files of a small territory, with a grant whose amount is not a number; nothing is computed yet."""
    if chromium() is None:
        pytest.skip(SANS_NAVIGATEUR)
    dossier = tmp_path_factory.mktemp("bureau") / "ici"
    petit_raw(dossier / "raw")
    lignes = [{**SUBVENTION, "objet": f"objet {rang}"} for rang in range(40)]
    lignes[3]["montant"] = "trente mille"
    depot = dossier / "raw" / "subventions" / "2024.csv"
    depot.parent.mkdir()
    depot.write_text(en_csv(lignes), encoding="utf-8")
    return dossier


def en_echec(dossier: Path) -> list[tuple[str]]:
    with duckdb.connect(str(dossier / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        return public.execute("SELECT DISTINCT source FROM qualite.sources WHERE etat = 'en_echec'").fetchall()


@pytest.mark.campagne
def test_un_analyste_lance_lit_et_voit_ce_qui_casse(bureau: Path, visite: Visite):
    page = visite.page
    page.set_default_timeout(60_000)
    with interface(bureau) as adresse:
        assert lancer_dans_l_interface(page, adresse, "actualiser") == "Success"
        assert en_echec(bureau) == []

        subventions = lire_l_asset(page, adresse, "socle/subventions", "lignes refusées ou signalées")
        assert "2024.csv, ligne 5, montant_eur" in subventions and "corriger la valeur à la source" in subventions
        assert "warehouse/rejets/subventions.csv" in subventions and "trente mille" not in subventions
        assert (bureau / "warehouse" / "rejets" / "subventions.csv").exists()
        page_de_publication = lire_l_asset(page, adresse, "publication/release", "tableau de bord")
        assert "portrait/index.html" in page_de_publication
        assert "40 lues = 39 retenues + 0 hors champ + 1 refusées" in page_de_publication

        adhesions = bureau / "raw" / "adhesions" / "adhesions_documents.csv"
        adhesions.write_text(
            adhesions.read_text(encoding="utf-8").replace("reseau,membre", "reseau,adherent", 1), encoding="utf-8"
        )
        assert lancer_dans_l_interface(page, adresse, "actualiser") == "Success"
        controle = lire_l_asset(page, adresse, "socle/adhesions", "la colonne « membre » est absente", "Checks")
        assert "Failed" in controle
        assert en_echec(bureau) == [("adhesions",)]
        assert "sources en échec" in lire_l_asset(page, adresse, "publication/release", "tableau de bord")

        avant = octets(bureau / "warehouse")
        communes = bureau / "raw" / "communes" / "communes.csv"
        communes.write_text(communes.read_text(encoding="utf-8").replace("63113,", "6311,", 1), encoding="utf-8")
        assert lancer_dans_l_interface(page, adresse, "actualiser") == "Failure"
        page.get_by_text("Source indispensable en échec, rien n'est publié").first.wait_for(timeout=PATIENCE_MS)
        assert octets(bureau / "warehouse") == avant
    assert visite.dehors == []
    # what the interface's own libraries say of themselves is not ours
    assert [dit for dit in visite.erreurs if "go.apollo.dev" not in dit and "WebSocket" not in dit] == []


@pytest.mark.campagne
def test_une_interface_en_lecture_seule_ne_lance_rien(bureau: Path, visite: Visite):
    page = visite.page
    page.set_default_timeout(60_000)
    with interface(bureau, "--lecture-seule") as adresse:
        ouvrir_le_job(page, adresse, "actualiser")
        assert page.get_by_role("tab", name="Launchpad").is_disabled()
        # and the server itself refuses, whatever the page would let one click
        refus = page.request.post(
            f"{adresse}/graphql",
            data={
                "query": "mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename } }",
                "variables": {"p": {"selector": {
                    "repositoryLocationName": "pipelines.definitions", "repositoryName": "__repository__",
                    "jobName": "actualiser",
                }, "mode": "default"}},
            },
        )  # fmt: skip
        assert refus.json()["data"]["launchRun"]["__typename"] == "UnauthorizedError"
