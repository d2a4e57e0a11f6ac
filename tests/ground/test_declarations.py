"""What people declare is read closed: a key, a word or a type that nobody declared refuses, in French, by its name."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from observatoire.declarations import declared, read_yaml
from observatoire.indicators.catalog import Indicateur
from observatoire.loading.files import Origine
from observatoire.loading.volumes import Acceptation
from observatoire.obstacle import Obstacle
from observatoire.sources import Source

SOURCE: dict[str, Any] = {
    **dict.fromkeys(("titre", "description", "famille", "producteur", "licence"), "texte"),
    "diffusion": "publique",
    "couverture": {"niveau": "france", "codes": ["FR"], "sauf": {"niveau": "departement", "codes": ["57"]}},
}
INDICATEUR: dict[str, Any] = {
    **dict.fromkeys(("titre", "unite", "definition", "champ", "theme"), "texte"),
    "numerateur": {"mesure": "m"},
    "denominateur": {"mesure": "m", "modalite": "total"},
    "derive": {"type": "rang", "indicateur": "i"},
}
SORTES: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "source": (Source, SOURCE, {"nom": "essai"}),
    "indicateur": (Indicateur, INDICATEUR, {"nom": "essai"}),
    "origine": (Origine, {"producteur": "p", "couverture": SOURCE["couverture"]}, {}),
    "acceptations": (list[Acceptation], [{"sha256": "a", "raison": "r"}], {}),
}
SANS_DIFFUSION = {cle: valeur for cle, valeur in SOURCE.items() if cle != "diffusion"}


def endroits(contenu: Any, chemin: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the paths of every set of keys."""
    suite = contenu.items() if isinstance(contenu, dict) else enumerate(contenu) if isinstance(contenu, list) else ()
    return [chemin] * isinstance(contenu, dict) + [e for cle, valeur in suite for e in endroits(valeur, (*chemin, cle))]


def avec(contenu: Any, chemin: tuple[str | int, ...], cle: str, valeur: Any) -> Any:
    """Copy what is declared, with one more key somewhere."""
    if not chemin:
        return {**contenu, cle: valeur}
    copie = dict(contenu) if isinstance(contenu, dict) else list(contenu)
    copie[chemin[0]] = avec(contenu[chemin[0]], chemin[1:], cle, valeur)
    return copie


ENDROITS = [(sorte, chemin) for sorte, (_, contenu, _) in SORTES.items() for chemin in endroits(contenu)]


def refus(sorte: str, contenu: Any) -> str:
    type_, _, donnees = SORTES[sorte]
    with pytest.raises(Obstacle) as refuse:
        declared(type_, contenu, "essai.yml", **donnees)
    return str(refuse.value)


@pytest.mark.parametrize("sorte", SORTES)
def test_ce_qui_est_declare_se_lit(sorte):
    type_, contenu, donnees = SORTES[sorte]
    declared(type_, contenu, "essai.yml", **donnees)


def test_les_endroits_vont_jusqu_au_fond():
    assert ("source", ("couverture", "sauf")) in ENDROITS and ("acceptations", (0,)) in ENDROITS and len(ENDROITS) == 11


@given(
    st.sampled_from(ENDROITS),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just({}) | st.just([]),
)
def test_toute_cle_non_declaree_est_refusee_par_son_nom(endroit, cle, valeur):
    sorte, chemin = endroit
    contenu = SORTES[sorte][1]
    complet = {"niveau", "codes", "sauf", "mesure", "agregat", "modalite", "periode", "type", "indicateur", "reference"}
    declarees = {*Source.__annotations__, *Indicateur.__annotations__, *Origine.__annotations__, *complet, "parmi", "raison"}
    assume(cle not in declarees - {"nom"})
    dit = refus(sorte, avec(contenu, chemin, cle, valeur))
    assert f"clé « {cle} » inconnue ; clés connues : " in dit
    assert dit.startswith("essai.yml : " + ".".join(f"entrée {pas + 1}" if isinstance(pas, int) else pas for pas in chemin))


@pytest.mark.parametrize(
    ("cle", "valeur", "dit"),
    [
        ("diffusion", "restreint", r"diffusion : « restreint » n'est pas permis ; attendu : publique, interne, ou restreinte\. Écrire « restreinte » \?"),
        ("diffusion", None, "diffusion : « null » n'est pas permis"),
        ("cumul", "par_mois", r"cumul : « par_mois » .* attendu : dernier, union, ou par_periode"),
        ("absence", "rien", "absence : « rien » .* attendu : zero, ou inconnue"),
        ("nature", "demo", "nature : « demo » .* attendu : reelle, ou demonstration"),
        ("cadence", "quotidienne", "cadence : « quotidienne » .* attendu : mensuelle, trimestrielle, annuelle, ou null"),
        ("schema_public", "public", "schema_public : « public » .* attendu : socle, referentiels, qualite, ou null"),
        ("plafond_rejets_pct", "cinq", "plafond_rejets_pct : « cinq » .* attendu : un nombre"),
        ("plafond_rejets_pct", 101, "plafond_rejets_pct : « 101 » .* attendu : au plus 100"),
        ("plancher_pct", -1, "plancher_pct : « -1 » .* attendu : au moins 0"),
        ("plancher_pct", float("nan"), "plancher_pct : « NaN » n'est pas permis"),
        ("plafond_rejets_pct", True, "plafond_rejets_pct : « true » .* attendu : un nombre"),
        ("indispensable", "oui", "indispensable : « oui » .* attendu : true ou false"),
        ("lettre", 1, "lettre : « 1 » .* attendu : true ou false"),
        ("licence", " ", "licence : rien n'y est écrit"),
        ("titre", 3, "titre : « 3 » .* attendu : un texte"),
        ("fichier", "../ailleurs.csv", "fichier : fichier « ../ailleurs.csv » : un nom seul"),
        ("couverture", "ligne", r"couverture : « ligne » .* attendu : lignes, inconnue, ou \{niveau, codes, sauf\}\. Écrire « lignes » \?"),
        ("couverture", {"niveau": "canton", "codes": ["1"]}, "couverture.niveau : « canton » .* attendu : commune, epci"),
        ("couverture", {"niveau": "france", "codes": []}, "couverture.codes : rien n'y est écrit"),
        ("couverture", {"niveau": "departement", "codes": [63]}, "couverture.codes.entrée 1 : « 63 » .*entre guillemets"),
        ("couverture", {"niveau": "departement"}, "couverture.codes : absent ; attendu : une liste"),
        ("couverture", {"niveau": "france", "codes": ["FR"], "sauf": {"niveau": "region"}}, "couverture.sauf.codes : absent"),
    ],
)
def test_un_mot_ou_un_type_inconnu_dit_ce_qui_est_permis(cle, valeur, dit):
    with pytest.raises(Obstacle, match=rf"^essai\.yml : {dit}"):
        declared(Source, {**SOURCE, cle: valeur}, "essai.yml", nom="essai")


def test_la_diffusion_n_a_pas_de_valeur_par_defaut():
    assert "diffusion : absent ; attendu : publique, interne, ou restreinte" in refus("source", SANS_DIFFUSION)


def test_une_cle_mal_ecrite_propose_la_bonne():
    dit = refus("source", {**SANS_DIFFUSION, "difusion": "restreinte"})
    assert "clé « difusion » inconnue" in dit and "Écrire « diffusion » ?" in dit
    assert "diffusion : absent" in dit, "toutes les fautes sont dites"


def test_le_nom_vient_du_dossier_jamais_du_fichier():
    assert "clé « nom » inconnue" in refus("source", {**SOURCE, "nom": "autre"})


@pytest.mark.parametrize("contenu", ["une phrase", None, 3, ["a"]])
@pytest.mark.parametrize("sorte", SORTES)
def test_autre_chose_que_des_cles_est_refuse(sorte, contenu):
    assert "attendu : " in refus(sorte, contenu)


@pytest.mark.parametrize(
    ("contenu", "dit"),
    [
        ("diffusion: restreinte\ntitre: t\ndiffusion: publique\n", r"la clé « diffusion » est écrite deux fois \(lignes 1 et 3\)"),
        ("a:\n  - b: {c: 1, c: 2}\n", r"la clé « c » est écrite deux fois \(lignes 2 et 2\)"),
        ('a: 1\n"a": 2\n', "la clé « a » est écrite deux fois"),
        ("a: &x 1\nb: *x\n", r"ligne 2 : un renvoi .* n'est pas permis"),
        ("<<: {diffusion: publique}\n", "« merge » n'est pas permis"),
        ("a: !!python/object:os.system []\n", "n'est pas permis"),
        ("a: !!binary aGk=\n", "« binary » n'est pas permis"),
        ("? [a]\n: b\n", "une clé est un mot"),
        ("a: [\n", r"illisible \(ligne 2, ce n'est pas du YAML\)"),
        ("a: 1\n---\nb: 2\n", "ce n'est pas du YAML"),
        (b"a: \xe9\n", "ce n'est pas du texte en UTF-8"),
        ("a: 2026-13-01\n", "ce n'est pas du YAML"),
        ("[" * 100_000, "illisible"),
        ("a: " + "x" * 2_000_000, "illisible"),
    ],
)
def test_un_fichier_qui_ment_ou_ne_se_lit_pas_est_refuse(contenu, dit, tmp_path):
    chemin = tmp_path / "essai.yml"
    chemin.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
    with pytest.raises(Obstacle, match=rf"^essai\.yml.*{dit}"):
        read_yaml(chemin, "essai.yml")


def test_une_bombe_de_renvois_ne_se_deplie_pas(tmp_path: Path):
    bombe = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    (tmp_path / "bombe.yml").write_text(bombe, encoding="utf-8")
    with pytest.raises(Obstacle, match="un renvoi"):
        read_yaml(tmp_path / "bombe.yml", "bombe.yml")


def test_un_fichier_vide_ne_dit_rien(tmp_path: Path):
    (tmp_path / "vide.yml").write_text("# rien\n", encoding="utf-8")
    assert read_yaml(tmp_path / "vide.yml", "vide.yml") is None
