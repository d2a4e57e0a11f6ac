"""What must always hold of money: no join, filter or roll-up changes a total, and no order of the rows a table."""

import json
import random
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.derived import compute_table
from observatoire.indicators import cube
from observatoire.indicators.catalog import mesures
from observatoire.settings import Settings
from observatoire.socle.beneficiaries import (
    BENEFICIAIRES,
    PARTS_SUBVENTIONS,
    QUALITE_BENEFICIAIRES,
    SUBVENTIONS_IDENTIFIEES,
)
from observatoire.socle.euro_path import CHEMIN_EURO, COMPTES_SUBVENTIONS
from observatoire.socle.grant_jumps import SAUTS_SUBVENTIONS
from observatoire.socle.places import LIEUX
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, fingerprint
from tests.donnees import CAM
from tests.hasard import exemples
from tests.indicators.test_argent import Argent
from tests.petit_sirene import siret

TABLES = (PARTS_SUBVENTIONS, BENEFICIAIRES, SUBVENTIONS_IDENTIFIEES, QUALITE_BENEFICIAIRES, SAUTS_SUBVENTIONS, CHEMIN_EURO)
NOMS = ("connue", "double", "cessée", "personne", "commune", "deux sièges", "absente")
RNA = ("W631000001", "W631000002", "W631000003", None)
COLONNES = ("siren", "famille", "code_territoire", "identification", "statut_beneficiaire", "a17", "est_publiable")
JOINTURES = (
    "referentiels.territoires USING (niveau, code_territoire)",
    "socle.unites_ess j ON j.siren = x.siren",
    "qualite.sauts_subventions j ON j.siren_attribuant = x.siren_attribuant AND j.exercice = x.exercice AND j.etat = x.etat",
)


@pytest.fixture(scope="module")
def registres():
    """Give a warehouse whose registers know some bodies in every way they can be known."""
    with TemporaryDirectory() as dossier:
        entrepot = Entrepot(Settings(Path(dossier) / "raw", Path(dossier) / "warehouse", CAM[:9]))
        petit = Argent(entrepot)
        petit.unite("connue", identifiantAssociationUniteLegale="W631000002")
        petit.unite("personne", "1000", "90.03B")
        petit.unite("commune", "7210", "84.11Z", identifiantAssociationUniteLegale="W631000003")
        petit.unite("homonyme", identifiantAssociationUniteLegale="W631000003")
        petit.unite_seule("cessée", etatAdministratifUniteLegale="C", dateDebut="2024-06-30")
        petit.unite_seule("deux sièges")
        for nom, commune in (("siège", "63113"), ("autre siège", "63014")):
            petit.etablissement("deux sièges", nom, codeCommuneEtablissement=commune)
        petit.deposer("sirene_doublons", {"siren": petit.siren("connue"), "sirenDoublon": petit.siren("double")})
        petit.declare()
        for annee in ("2022", "2024"):
            petit.compte("100000.10", exer=annee)
            petit.inscrit(exercice=annee, perimetre=annee)
        petit.chemin()
        for derivee in (TERRITOIRES, APPARTENANCES, LIEUX):
            compute_table(entrepot, derivee)
        yield petit


montants = st.decimals(-10_000, 10_000_000, places=2)
subventions = st.lists(
    st.fixed_dictionaries(
        {
            "exercice": st.sampled_from([2022, 2024, None]),
            "etat": st.sampled_from(["décidé", "décidé", "payé"]),
            "montant_eur": montants,
            "pourcentage_subvention": st.sampled_from([None, Decimal("0.3"), Decimal(1), Decimal(30)]),
            "nom": st.sampled_from([*NOMS, None]),
            "est_siret": st.booleans(),
            "rna_beneficiaire": st.sampled_from(RNA),
        }
    ),
    max_size=12,
)


def poser(petit: Argent, lignes: list[dict], hasard: random.Random | None = None) -> None:
    """Write the grants as the socle would hold them, in that order or in another, and compute the tables."""
    entrepot = petit.entrepot
    completes = []
    for rang, ligne in enumerate(lignes):
        siren = petit.siren(ligne["nom"]) if ligne["nom"] else None
        completes.append(
            {
                **{nom: ligne[nom] for nom in ligne if nom not in ("nom", "est_siret")},
                "siren_attribuant": CAM[:9],
                "siren_beneficiaire": siren,
                "siret_beneficiaire": siret(siren) if siren and ligne["est_siret"] else None,
                "_fichier": "f",
                "_ligne": rang,
            }
        )
    schema = sources()["subventions"].table.arrow()
    tables = {"subventions": pa.Table.from_pylist(completes, schema)}
    for nom in ("sirene_unites_legales", "sirene_etablissements", "sirene_doublons", "unites_ess", "rna"):
        tables[nom] = pq.read_table(entrepot.path_of("socle", nom))
    for nom, table in tables.items():
        ordre = list(range(len(table)))
        if hasard is not None:
            hasard.shuffle(ordre)
        dit = {"version": fingerprint(nom, completes, ordre)}
        pq.write_table(
            table.take(pa.array(ordre, pa.int64())).replace_schema_metadata({"observatoire": json.dumps(dit)}),
            entrepot.path_of("socle", nom),
        )
    for derivee in TABLES:
        compute_table(entrepot, derivee)


def attendu(lignes: list[dict]) -> Decimal:
    """Add the shares up with nothing of the product."""
    parts = (ligne["pourcentage_subvention"] or Decimal(1) for ligne in lignes)
    return sum(
        (
            ligne["montant_eur"] * (part if 0 < part <= 1 else 1)
            for ligne, part in zip(lignes, parts, strict=True)
        ),
        Decimal(0),
    )  # fmt: skip


etapes = st.lists(
    st.one_of(
        st.tuples(st.just("cumul"), st.sets(st.sampled_from(COLONNES))),
        st.tuples(st.just("filtre"), st.sampled_from(COLONNES)),
        st.tuples(st.just("jointure"), st.sampled_from(JOINTURES)),
    ),
    max_size=4,
)


@exemples(10)
@given(lignes=subventions, suite=etapes)
def test_aucune_suite_de_jointures_filtres_et_cumuls_ne_change_un_total(registres, lignes, suite):
    poser(registres, lignes)
    garder = "siren_attribuant, exercice, etat, niveau, "
    requete = f"SELECT {garder}{', '.join(COLONNES)}, montant_eur FROM socle.beneficiaires"
    for geste, quoi in suite:
        if geste == "cumul":
            autres = ", ".join(nom if nom in quoi else f"NULL AS {nom}" for nom in COLONNES)
            requete = f"SELECT {garder}{autres}, sum(montant_eur) AS montant_eur FROM ({requete}) GROUP BY ALL"
        elif geste == "filtre":
            seuil = f"(SELECT max({quoi}) FROM ({requete}))"
            requete = f"FROM ({requete}) WHERE {quoi} = {seuil} UNION ALL FROM ({requete}) WHERE ({quoi} = {seuil}) IS NOT TRUE"
        else:
            requete = f"SELECT x.* FROM ({requete}) x LEFT JOIN {quoi}"
    with registres.entrepot.connect() as connexion:
        ((total,),) = connexion.execute(f"SELECT coalesce(sum(montant_eur), 0) FROM ({requete})").fetchall()
    assert total == attendu(lignes)
    assert sum((li["montant_eur"] for li in registres.lignes("socle.beneficiaires")), Decimal(0)) == attendu(lignes)
    # what the shares leave is there too, to nobody named
    entier = sum((ligne["montant_eur"] for ligne in lignes), Decimal(0))
    assert sum((li["montant_eur"] for li in registres.lignes("qualite.beneficiaires")), Decimal(0)) == entier


comptes = st.lists(
    st.fixed_dictionaries(
        {
            "mandate_eur": montants,
            "annee": st.sampled_from([2022, 2024]),
            "siret_budget": st.sampled_from([CAM, "24630070100025"]),
            "presentation": st.sampled_from(["nature", "croisée"]),
            "compte": st.sampled_from(["65741", "65748"]),
        }
    ),
    max_size=8,
)
DE_L_ESS = {"connue", "double", "cessée", "deux sièges"}
ARGENT = {
    nom: mesure
    for nom, mesure in mesures().items()
    if set(mesure.lit) & {"socle.parts_subventions", "socle.beneficiaires", "socle.comptes_subventions"}
}


def poser_comptes(petit: Argent, lignes: list[dict]) -> None:
    """Write the accounts as the socle would hold them."""
    commun = {"siren": CAM[:9], "nomenclature": "M57", "est_subvention_droit_prive": True, "_fichier": "f"}
    completes = [{**ligne, **commun, "_ligne": rang} for rang, ligne in enumerate(lignes)]
    dit = {"observatoire": json.dumps({"version": fingerprint(completes)})}
    schema = sources()["balances_dgfip"].table.arrow()
    pq.write_table(
        pa.Table.from_pylist(completes, schema).replace_schema_metadata(dit),
        petit.entrepot.path_of("socle", "balances_dgfip"),
    )
    compute_table(petit.entrepot, COMPTES_SUBVENTIONS)


def totaux_attendus(lignes: list[dict], des_comptes: list[dict]) -> dict[str, dict[str, Decimal]]:
    """Add up what each measure of money must give by period, with nothing of the product."""
    attendus: dict[str, dict[str, Decimal]] = {nom: {} for nom in ARGENT}

    def ajouter(mesure: str, periode: object, montant: Decimal) -> None:
        attendus[mesure][str(periode or "inconnu")] = attendus[mesure].get(str(periode or "inconnu"), Decimal(0)) + montant

    for ligne in lignes:
        montant = attendu([ligne])
        if ligne["etat"] == "payé":
            ajouter("subventions_payees", ligne["exercice"], ligne["montant_eur"])
            continue
        for mesure in ("subventions", "subventions_beneficiaires"):
            ajouter(mesure, ligne["exercice"], ligne["montant_eur"])
        connue = ligne["nom"] not in (None, "absente") and ligne["rna_beneficiaire"] is None
        ajouter("subventions_reconnues", ligne["exercice"], montant if connue else Decimal(0))
        if ligne["nom"] in DE_L_ESS:
            ajouter("subventions_ess", ligne["exercice"], montant)
    par_nature = {(li["siret_budget"], li["annee"]) for li in des_comptes if li["presentation"] == "nature"}
    for ligne in des_comptes:
        if ligne["presentation"] == "nature" or (ligne["siret_budget"], ligne["annee"]) not in par_nature:
            ajouter("subventions_comptes", ligne["annee"], ligne["mandate_eur"])
    return attendus


@exemples(4)
@given(lignes=subventions, des_comptes=comptes)
def test_chaque_axe_de_chaque_mesure_et_du_cube_rend_le_total_des_entrees(registres, lignes, des_comptes):
    lignes = [{**ligne, "rna_beneficiaire": None} for ligne in lignes]
    poser(registres, lignes)
    poser_comptes(registres, des_comptes)
    attendus = totaux_attendus(lignes, des_comptes)
    with pytest.MonkeyPatch.context() as remplacements:
        remplacements.setattr(cube, "mesures", lambda: ARGENT)
        for mesure in ARGENT.values():
            cube.compute_measure(registres.entrepot, mesure)
        cube.compute_cube(registres.entrepot)
    lues = [("mesures", ligne["mesure"], ligne["periode"], ligne["axe"], ligne["valeur"]) for nom in ARGENT
            for ligne in ({**li, "mesure": nom} for li in registres.lignes(f"mesures.{nom}"))]  # fmt: skip
    # without a coverage a cell of the cube is about the place its rows name
    lues += [("cube", li["mesure"], li["periode"], li["axe"], li["somme"]) for li in registres.lignes("indicateurs.cube")]
    sommes: dict[tuple[str, ...], Decimal | None] = {}
    for *clef, valeur in lues:
        avant = sommes.get(tuple(clef), Decimal(0))
        sommes[tuple(clef)] = None if valeur is None or avant is None else avant + valeur
    assert {clef[1] for clef in sommes} == {nom for nom, par_an in attendus.items() if par_an} | (
        {"subventions_ess"} if attendus["subventions"] else set()
    )
    for (ou, mesure, periode, axe), somme in sommes.items():
        if somme is not None:  # nobody was recognised: unknown, not zero
            assert somme == attendus[mesure].get(periode, Decimal(0)), (ou, mesure, periode, axe)


@exemples(5)
@given(lignes=subventions, hasard=st.randoms(use_true_random=False))
def test_les_entrees_dans_un_ordre_quelconque_donnent_les_memes_tables(registres, lignes, hasard):
    poser(registres, lignes)
    avant = {derivee: registres.lignes(f"{derivee.schema}.{derivee.nom}") for derivee in TABLES}
    poser(registres, lignes, hasard)
    for derivee, contenu in avant.items():
        assert registres.lignes(f"{derivee.schema}.{derivee.nom}") == contenu, derivee.nom
