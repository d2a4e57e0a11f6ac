"""Unfolding a figure: its lines give it back, and nothing hidden comes out of it."""

import csv
import html
import re
import shutil
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest

from observatoire.evidence import PreuvesAbsentes, open_evidence
from observatoire.indicators.catalog import mesures
from observatoire.indicators.raw_lines import NON_DITES, RESTREINTE, SANS_LIGNE, find_lines, public_lines
from observatoire.indicators.row_joins import source_of_lines
from observatoire.obstacle import Obstacle
from observatoire.publication.public_contributions import CONTRIBUTIONS
from observatoire.publication.unfolded_page import PAGE, TABLE, write_unfolding
from observatoire.releases.lifecycle import current_release, retract
from observatoire.schemas import ENTIER, TEXTE
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.sources.states import schema_of
from observatoire.unfolding.figures import CONFIDENTIELLE, Depliage, unfold
from observatoire.unfolding.key import complete_key
from observatoire.warehouse import Entrepot
from tests.chaine import installer, lancer, raisons
from tests.fabrique import COLONNES_CONTRIBUTIONS, Fabrique, fabrique
from tests.petit_sirene import PetitSirene, siret
from tests.unfolding.effacer_lignes import dix_autres_par_terme, ecarts, tirer, une_ligne_par_terme


@pytest.fixture(scope="module")
def ici(publie: Path) -> Entrepot:
    """Open the folder whose first release is made, to read it."""
    return Entrepot(Settings(publie / "raw", publie / "warehouse", "246300701"))


@pytest.fixture
def ailleurs(publie: Path, tmp_path: Path) -> Entrepot:
    """Copy that folder, to write in it."""
    shutil.copytree(publie, tmp_path / "ailleurs", symlinks=True)
    return Entrepot(Settings(tmp_path / "ailleurs" / "raw", tmp_path / "ailleurs" / "warehouse", "246300701"))


def deplier(entrepot: Entrepot, **cle: str) -> Depliage:
    return unfold(entrepot, *complete_key(entrepot, current_release(entrepot), cle))


def une_valeur(entrepot: Entrepot, condition: str) -> dict[str, str]:
    cle = "indicateur, niveau, code_territoire, periode, axe, modalite"
    with duckdb.connect(str(entrepot.racine / "observatoire.duckdb"), read_only=True) as base:
        curseur = base.execute(f"SELECT {cle} FROM indicateurs.valeurs WHERE {condition} ORDER BY ALL LIMIT 1")
        return dict(zip(cle.split(", "), curseur.fetchall()[0], strict=True))


@pytest.mark.parametrize("mesure", mesures().values(), ids=list(mesures()))
def test_chaque_mesure_dit_quelles_lignes_elle_compte(mesure):
    assert mesure.lignes, f"measures/{mesure.nom}.sql : écrire « -- lignes : socle.<source> l ON … »"
    for jointure in mesure.lignes:
        schema, nom = source_of_lines(jointure)
        assert schema == schema_of(sources()[nom])


def test_chaque_contribution_trouve_ses_lignes_et_elles_la_redonnent(ici: Entrepot):
    preuves = open_evidence(ici, str(current_release(ici)))
    vues = 0
    with preuves.connect() as base:
        for mesure in mesures().values():
            find_lines(base, mesure, f"mesures.{mesure.nom}")
            faux = base.execute(f"""
                SELECT count(*) FROM mesures.{mesure.nom} c LEFT JOIN (
                    SELECT unite, periode, axe, modalite, sum(valeur) AS v, sum(nombre_unites) AS n,
                           count(valeur) = count(*) AS connue
                    FROM lignes WHERE role = 'compte' GROUP BY ALL) l USING (unite, periode, axe, modalite)
                WHERE CASE WHEN connue THEN v END IS DISTINCT FROM c.valeur""").fetchall()
            assert faux == [(0,)], mesure.nom
            sans = base.execute("SELECT count(*) FROM lignes WHERE tue = ? AND valeur <> 0", [SANS_LIGNE]).fetchall()
            assert sans == [(0,)], mesure.nom
            vues += base.execute("SELECT count(*) FROM lignes").fetchall()[0][0] > 0
    assert vues > 30


@pytest.mark.campagne
def test_effacer_une_ligne_depliee_change_le_terme_effacer_les_autres_non(ici: Entrepot, tmp_path: Path):
    """Every term is first recomputed from its lines: sums, medians, distinct counts, concentrations."""
    hasard = Random(7)  # noqa: S311 — a draw that repeats
    tires = tirer(ici, str(current_release(ici)), 1, hasard)
    assert len(tires) > 40
    for nom, choisir in (("une", une_ligne_par_terme), ("dix", dix_autres_par_terme)):
        shutil.copytree(ici.racine.parent, tmp_path / nom, symlinks=True)
        essai = Entrepot(Settings(tmp_path / nom / "raw", tmp_path / nom / "warehouse", "246300701"))
        comptes, faux = ecarts(essai, tires, choisir(ici, tires, hasard))
        assert not faux
        assert comptes["diminué de sa ligne" if nom == "une" else "inchangé"] > 20
        assert nom == "une" or not comptes["diminué de sa ligne"]


def test_les_lignes_rendues_redonnent_chaque_terme_au_centime(ici: Entrepot):
    depliage = deplier(ici, indicateur="part_ess_etablissements_employeurs_sirene")
    assert [terme.role for terme in depliage.termes] == ["numerateur", "denominateur"]
    for terme in depliage.termes:
        somme = sum((ligne["valeur"] for ligne in terme.lignes if ligne["role"] == "compte"), Decimal(0))
        assert somme == terme.valeur == depliage.valeur[terme.role]
        assert all(len(ligne["sha256"]) == 64 for ligne in terme.lignes if ligne["fichier"])
    haut, bas = depliage.termes
    assert any(ligne["fichier"] and ligne["ligne"] for ligne in haut.lignes)
    tues = [ligne for ligne in bas.lignes if ligne["raison"]]
    assert any("hors de l'ESS" in ligne["raison"] for ligne in tues)
    assert all(ligne["unite"] is None and ligne["ligne"] is None and ligne["nombre_lignes"] for ligne in tues)
    assert any("hors champ" in ecartee["raison"] for ecartee in bas.ecartees)


def test_un_rang_repose_sur_les_valeurs_qu_il_compare(ici: Entrepot):
    cle = une_valeur(ici, "indicateur = 'rang_part_ess_etablissements' AND niveau = 'epci' AND valeur IS NOT NULL")
    depliage = deplier(ici, **cle)
    autres = [v["valeur"] for v in depliage.repose_sur]
    (la_sienne,) = [v["valeur"] for v in depliage.repose_sur if v["code_territoire"] == cle["code_territoire"]]
    assert depliage.valeur["valeur"] == 1 + sum(autre > la_sienne for autre in autres)
    assert len(autres) == depliage.valeur["denominateur"]


def test_une_specialisation_repose_sur_deux_valeurs(ici: Entrepot):
    cle = une_valeur(ici, "indicateur = 'specialisation_ess_departement' AND niveau = 'epci' AND valeur > 0")
    depliage = deplier(ici, **cle)
    ici_, reference = sorted(depliage.repose_sur, key=lambda v: v["niveau"] == "departement")
    assert ici_["valeur"] / reference["valeur"] == pytest.approx(depliage.valeur["valeur"])


def test_une_estimation_se_deplie_en_tranches_jamais_en_etablissements(ici: Entrepot):
    cle = une_valeur(ici, "indicateur = 'emplois_ess_estimes' AND niveau = 'epci' AND axe = 'total' AND valeur > 0")
    depliage = deplier(ici, **cle)
    assert sum(tranche["etablissements"] for tranche in depliage.tranches) == depliage.valeur["nombre_unites"]
    assert set(depliage.tranches[0]) == {"tranche_effectifs", "etablissements"} and not depliage.termes
    assert depliage.repose_sur[0]["total_urssaf"] > 0


@pytest.mark.parametrize(
    ("indicateur", "entetes"),
    [
        ("rang_part_ess_etablissements", "Territoire Niveau Période Valeur"),
        ("emplois_ess_estimes", "Tranche d'effectif Établissements"),
    ],
)
def test_la_page_dit_les_colonnes_en_francais(ailleurs: Entrepot, indicateur: str, entetes: str):
    depliage = deplier(ailleurs, **une_valeur(ailleurs, f"indicateur = '{indicateur}' AND niveau = 'epci' AND valeur > 0"))
    page = (write_unfolding(ailleurs, depliage) / PAGE).read_text(encoding="utf-8")
    titres = re.findall(r"<th[^>]*>(.*?)</th>", page)
    assert entetes in html.unescape(" ".join(titres))
    assert not [titre for titre in titres if "_" in titre]
    assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def test_la_page_d_une_specialisation_s_ecrit_en_francais(ailleurs: Entrepot):
    cle = une_valeur(ailleurs, "indicateur = 'specialisation_ess_departement' AND niveau = 'epci' AND valeur > 0")
    page = html.unescape((write_unfolding(ailleurs, deplier(ailleurs, **cle)) / PAGE).read_text(encoding="utf-8"))
    (dite,) = re.findall(r"<strong>(\d+,\d+)</strong> \(démonstration\) = « .* » du territoire ÷ la même (.*)</p>", page)
    assert len(dite[0]) == len("0,99") and dite[1] == "de son département"
    assert not re.search(r"\d,\d{4}", page), "aucune fausse précision"


def test_le_job_se_lance_sans_rien_saisir(publie: Path, tmp_path: Path, monkeypatch):
    dossier = tmp_path / "ici"
    shutil.copytree(publie, dossier, symlinks=True)
    entrepot = installer(dossier, monkeypatch)
    resultat = lancer("deplier")
    assert resultat.success, raisons(resultat)
    (table,) = entrepot.racine.glob(f"deplies/*/*/{TABLE}")
    with table.open(encoding="utf-8", newline="") as flux:
        lignes = list(csv.DictReader(flux))
    assert {ligne["nature"] for ligne in lignes} == {"demonstration"}
    numerateur = sum(Decimal(ligne["valeur"]) for ligne in lignes if ligne["role"] == "compte")
    page = (table.parent / "depliage.html").read_text(encoding="utf-8")
    assert f"Numérateur : {numerateur:.0f}<" in page and "DÉMONSTRATION" in page
    assert "(démonstration) = somme" in page, "its nature stands beside the value"
    refuse = lancer("deplier", {"ops": {"deplier_une_valeur": {"config": {"indicateur": "inconnu"}}}})
    assert not refuse.success and "Aucune valeur publiée" in raisons(refuse)
    en_cours = deplier(entrepot)
    retract(entrepot, str(current_release(entrepot)), "objection")
    assert not list(entrepot.racine.glob("deplies/*")), "what was unfolded goes with its release"
    with pytest.raises(PreuvesAbsentes, match="retirée"):
        write_unfolding(entrepot, en_cours)
    assert not list(entrepot.racine.glob("deplies/*")), "nor does what was being unfolded stay"
    with pytest.raises(Obstacle):
        deplier(entrepot)


def test_des_lignes_tues_ne_sortent_que_comptees_et_leur_nom_jamais(entrepot: Entrepot):
    petit = PetitSirene(entrepot)
    petit.unite("montrée")
    petit.unite("partielle", statutDiffusionUniteLegale="P")
    petit.unite("commerce", categorie="5710", naf="47.11A")
    petit.calculer()
    mesure = mesures()["etablissements_employeurs"]
    with entrepot.connect() as base:
        base.execute(f"CREATE TEMP TABLE toutes AS SELECT * FROM ({mesure.requete})")
        base.execute("CREATE TEMP TABLE c AS FROM toutes WHERE axe = 'total'")
        find_lines(base, mesure, "c")
        curseur = base.execute(f"SELECT source, role, unite, repondant, valeur, raison FROM ({public_lines(mesure)})")
        lignes = curseur.fetchall()
    montrees = {ligne[2] for ligne in lignes if ligne[5] is None}
    assert montrees == {siret(petit.siren("montrée"))}
    assert sum(ligne[4] for ligne in lignes if ligne[1] == "compte") == 3
    assert petit.siren("partielle") not in repr(lignes) and petit.siren("commerce") not in repr(lignes)
    raisons_dites = {ligne[5] for ligne in lignes if ligne[1] == "compte"} - {None}
    assert len(raisons_dites) == 2 and any("diffusion partielle" in raison for raison in raisons_dites)


def test_une_mesure_protegee_ne_rend_qu_un_compte_et_une_somme(tmp_path: Path):
    with fabrique(tmp_path) as petite:
        lignes = [petite.ligne("commune:63001", v) for v in (10, 20, 30)]
        petite.protegee("m", lignes, "-- lignes : socle.depot_m l ON l.unite = c.unite")
        _sans_provenance(petite, lignes)
        mesure = mesures()["m"]
        with petite.entrepot.connect() as base:
            base.execute(f"CREATE TEMP TABLE c AS {mesure.requete}")
            find_lines(base, mesure, "c")
            rendues = base.execute(f"SELECT fichier, unite, valeur, nombre_lignes, raison FROM ({public_lines(mesure)})")
            assert rendues.fetchall() == [(None, None, Decimal(60), 3, RESTREINTE)]


def test_une_ligne_que_la_mesure_protegee_ne_retrouve_pas_ne_fait_pas_une_somme_a_part(tmp_path: Path):
    with fabrique(tmp_path) as petite:
        lignes = [petite.ligne("commune:63001", v, unite=u) for u, v in (("a", 100), ("b", 120), ("c", 130), ("d", 777))]
        petite.protegee("m", lignes, "-- lignes : socle.depot_m l ON l.unite = c.unite AND l.unite <> 'd'")
        _sans_provenance(petite, lignes)
        mesure = mesures()["m"]
        with petite.entrepot.connect() as base:
            base.execute(f"CREATE TEMP TABLE c AS {mesure.requete}")
            find_lines(base, mesure, "c")
            rendues = base.execute(f"SELECT source, valeur, nombre_lignes, raison FROM ({public_lines(mesure)})")
            assert rendues.fetchall() == [("", Decimal(1127), 4, RESTREINTE)]


def test_une_mesure_qui_ne_dit_pas_ses_lignes_en_rend_le_compte_et_la_raison(tmp_path: Path):
    with fabrique(tmp_path) as petite:
        petite.contributions("m", [petite.ligne("commune:63001", v) for v in (10, 20, 30)])
        with petite.entrepot.connect() as base:
            base.execute("CREATE TEMP TABLE c AS FROM socle.depot_m")
            find_lines(base, mesures()["m"], "c")
            rendues = base.execute(f"SELECT role, unite, valeur, nombre_lignes, raison FROM ({public_lines(mesures()['m'])})")
            assert rendues.fetchall() == [("compte", None, Decimal(60), 3, NON_DITES)]


@pytest.mark.parametrize(
    ("entete", "motif"),
    [
        ("socle.depot_m ON true", "« -- lignes : .*nommer l la table d'une source"),
        ("socle.absente l ON true", "lit socle.absente, que rien ne déclare"),
    ],
)
def test_une_mesure_qui_dit_mal_ses_lignes_ne_se_charge_pas(tmp_path: Path, entete: str, motif: str):
    with fabrique(tmp_path) as petite:
        petite.contributions("m", [], f"-- lignes : {entete}")
        with pytest.raises(Obstacle, match=rf"measures/m\.sql.* {motif}"):
            mesures()


def _sans_provenance(petite: Fabrique, lignes: list[dict]) -> None:
    """Give rows written by hand the file and the line that a load would have given them."""
    colonnes = {**COLONNES_CONTRIBUTIONS, "_fichier": TEXTE, "_ligne": ENTIER}
    petite.table("socle", "depot_m", colonnes, [{**li, "_fichier": "f", "_ligne": n} for n, li in enumerate(lignes)])


def test_une_valeur_supprimee_ou_non_estimable_ne_dit_que_cela(publie: Path, tmp_path: Path, monkeypatch):
    dossier = tmp_path / "ici"
    shutil.copytree(publie, dossier, symlinks=True)
    entrepot = installer(dossier, monkeypatch)
    cle = une_valeur(entrepot, "indicateur = 'etablissements_employeurs_ess_sirene' AND valeur > 0")
    estimee = une_valeur(entrepot, "indicateur = 'emplois_ess_estimes' AND borne_basse > 0")
    (base,) = (entrepot.racine / "releases").glob("*/observatoire.duckdb")
    base.parent.chmod(0o755)
    base.chmod(0o644)
    with duckdb.connect(str(base)) as connexion:
        vide = "UPDATE indicateurs.valeurs SET valeur = NULL, numerateur = NULL, borne_basse = NULL"
        connexion.execute(f"{vide}, statut_confidentialite = CASE WHEN statut_observation <> 'E' THEN 'C' ELSE 'F' END")
    depliage = deplier(entrepot, **cle)
    assert depliage.motif == CONFIDENTIELLE
    assert not depliage.termes and not depliage.repose_sur and not depliage.tranches
    refusee = deplier(entrepot, **estimee)
    assert refusee.motif and not refusee.tranches and not refusee.repose_sur and not refusee.termes
    dossier_ecrit = write_unfolding(entrepot, depliage)
    assert (dossier_ecrit / TABLE).read_text(encoding="utf-8").count("\n") == 1


def test_un_nom_hostile_n_est_une_formule_dans_aucune_cellule(ailleurs: Entrepot):
    depliage = deplier(ailleurs)
    montree = next(ligne for ligne in depliage.termes[0].lignes if ligne["fichier"])
    hostiles = ('=HYPERLINK("http://exemple.invalid")', " +1", "@SUM(A1)", "\u202e-2", "<script>", "-3")
    montree |= dict(zip(("unite", "repondant", "fichier", "modalite", "source", "axe"), hostiles, strict=True))
    montree["valeur"] = Decimal("-1.5")
    dossier = write_unfolding(ailleurs, depliage)
    with (dossier / TABLE).open(encoding="utf-8", newline="") as flux:
        (lue,) = [ligne for ligne in csv.DictReader(flux) if ligne["modalite"] == "\u202e-2" or "HYPERLINK" in ligne["unite"]]
    assert [lue["unite"], lue["repondant"], lue["fichier"], lue["axe"]] == [
        """'=HYPERLINK("http://exemple.invalid")""", "' +1", "'@SUM(A1)", "'-3"
    ]
    assert lue["valeur"] == "-1.5"
    assert "<script>" not in (dossier / "depliage.html").read_text(encoding="utf-8")


def test_une_requete_du_fichier_public_deplie_les_chiffres_du_territoire(ici: Entrepot):
    with duckdb.connect(str(ici.racine / "observatoire.duckdb"), read_only=True) as base:
        requete = """
            SELECT v.indicateur, v.numerateur, sum(c.valeur), count(*) FROM indicateurs.valeurs v
            JOIN indicateurs.catalogue k USING (indicateur)
            JOIN indicateurs.contributions c
              ON c.mesure || ' (somme)' = k.mesure_numerateur AND c.niveau = v.niveau
             AND c.code_territoire = v.code_territoire AND c.periode = v.periode AND c.axe = v.axe
             AND c.modalite = v.modalite
            WHERE v.statut_observation <> 'E' AND v.numerateur IS NOT NULL
            GROUP BY v.indicateur, v.numerateur, v.periode, v.axe, v.modalite"""
        trouvees = base.execute(requete).fetchall()
        assert len({ligne[0] for ligne in trouvees}) > 15
        assert [ligne for ligne in trouvees if ligne[1] != ligne[2]] == []
        restreintes = {nom for nom, mesure in mesures().items() if mesure.diffusion != "libre"}
        listees = {nom for (nom,) in base.execute("SELECT DISTINCT mesure FROM indicateurs.contributions").fetchall()}
        assert not listees & restreintes
        natures = dict(base.execute("SELECT mesure, any_value(nature) FROM indicateurs.contributions GROUP BY ALL").fetchall())
        assert natures["etablissements_employeurs_ess"] == "demonstration" and natures["soutien_ess"] == "reelle"
        assert base.execute("""
            SELECT count(*) FROM indicateurs.contributions
            WHERE source = 'sirene_etablissements' AND unite IS NOT NULL
              AND unite NOT IN (SELECT siret FROM socle.etablissements_ess)""").fetchall() == [(0,)]


def test_le_texte_des_contributions_ne_promet_une_somme_qu_aux_termes_qui_en_sont():
    texte = CONTRIBUTIONS.description
    assert "(somme)" in texte and "(nombre_unites)" in texte and "médianes" in texte
