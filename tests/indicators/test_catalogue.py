"""An indicator or a measure badly declared refuses as it loads: which file, which key, what was found, what is allowed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from observatoire.indicators.catalog import indicateurs, mesures
from observatoire.obstacle import Obstacle
from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    with fabrique(tmp_path) as petite:
        yield petite


@pytest.mark.parametrize(
    ("champs", "motif"),
    [
        ({"numerateur": {"mesure": "absente"}}, "la mesure « absente » n'existe pas"),
        ({"numerateur": {"mesure": "m"}, "denominateur": {"mesure": "absente"}}, "la mesure « absente » n'existe pas"),
        ({"numerateur": {"mesure": "m", "agregat": "moyenne"}}, r"numerateur\.agregat : « moyenne » n'est pas permis.*mediane_unites"),
        ({"numerateur": {"mesure": "m"}, "denominateur": {"mesure": "m", "modalite": "totale"}}, r"denominateur\.modalite : « totale » n'est pas permis.*Écrire « total »"),
        ({"numerateur": {"mesure": "m"}, "denominateur": {"mesure": "m", "periode": "avant"}}, "« avant » n'est pas permis ; attendu : meme, ou derniere_connue"),
        ({}, "un numerateur, une estimation ou un derive"),
        ({"numerateur": {"mesure": "m"}, "derive": {"type": "rang", "indicateur": "bon"}}, "un seul des trois"),
        ({"derive": {"type": "rang", "indicateur": "absent"}}, "un indicateur existant"),
        ({"derive": {"type": "rang", "indicateur": "i"}}, "ne dérive pas lui-même"),
        ({"derive": {"type": "quantile", "indicateur": "bon"}}, r"derive\.type : « quantile » n'est pas permis ; attendu : specialisation, ou rang"),
        ({"derive": {"type": "specialisation", "indicateur": "bon", "reference": "canton"}}, r"derive\.reference : « canton » n'est pas permis.*departement"),
        ({"numerateur": {"mesure": "m"}, "couleur": "bleu"}, "clé « couleur » inconnue ; clés connues : titre"),
        ({"titres": "x", "numerateur": {"mesure": "m"}}, "clé « titres » inconnue.*Écrire « titre »"),
        ({"numerateur": {"mesure": "m", "aggregat": "somme"}}, "numerateur : clé « aggregat » inconnue.*Écrire « agregat »"),
        ({"numerateur": "m"}, r"numerateur : « m » n'est pas permis ; attendu : \{mesure, agregat, modalite, periode\}"),
        ({"numerateur": {"mesure": "m"}, "decimales": "une"}, "decimales : « une » n'est pas permis ; attendu : un nombre entier"),
        ({"numerateur": {"mesure": "m"}, "axes": "total"}, "axes : « total » n'est pas permis ; attendu : une liste"),
        ({"derive": {"type": "rang", "indicateur": "bon", "reference": "france"}}, "un rang dit parmi qui"),
        ({"derive": {"type": "specialisation", "indicateur": "bon", "parmi": "comparables"}}, "a une reference"),
    ],
)
def test_un_indicateur_mal_declare_est_refuse_et_dit_pourquoi(
    petit: Fabrique, champs: dict[str, Any], motif: str
) -> None:
    petit.contributions("m", [])
    petit.indicateur("bon", numerateur={"mesure": "m"})
    assert list(indicateurs()) == ["bon"]
    petit.indicateur("i", **champs)
    with pytest.raises(Obstacle, match=rf"indicators\.yml, « i » : .*{motif}"):
        indicateurs()


def test_un_indicateur_ecrit_deux_fois_est_refuse(petit: Fabrique) -> None:
    petit.contributions("m", [])
    petit.indicateur("i", numerateur={"mesure": "m"})
    declares = petit.declarations / "indicators.yml"
    declares.write_text(declares.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(Obstacle, match=r"indicators\.yml : la clé « i » est écrite deux fois \(lignes 1 et \d+\)"):
        indicateurs()


@pytest.mark.parametrize(
    ("entete", "motif"),
    [
        ("-- difusion : protegee", "ligne 1 : propriété « difusion » inconnue.*Écrire « diffusion »"),
        ("-- difusion: protegee", "« difusion » inconnue"),
        ("--difusion:protegee", "« difusion » inconnue"),
        ("-- Diffusion : protegee", "« Diffusion » inconnue.*Écrire « diffusion »"),
        ("-- plus gros salaires : m", "Écrire « plus gros salaire »"),
        ("-- diffusion protegee", "« diffusion » ressemble à une propriété.*« -- diffusion : … »"),
        ("-- diffusion = protegee", "« diffusion » ressemble à une propriété"),
        ("-- plus gros salaire m", "« plus gros salaire » s'écrit en tête"),
        ("-- diffusion : publique", "diffusion : « publique » n'est pas permis ; attendu : libre, protegee, ou producteur"),
        ("-- diffusion :", "diffusion : «  » n'est pas permis"),
        ("-- champ : ", "champ : rien n'y est écrit"),
        ("-- diffusion : protegee\n-- diffusion : libre", "ligne 2 : « diffusion » est déjà dit plus haut"),
        ("-- unité : €\n--\n\n-- unité : €", "ligne 4 : « unité » est déjà dit plus haut"),
    ],
)
def test_une_propriete_mal_ecrite_est_refusee_meme_sur_une_source_libre(petit: Fabrique, entete: str, motif: str) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", f"{entete}\nFROM socle.depot_libre")
    with pytest.raises(Obstacle, match=rf"measures/m\.sql.*{motif}"):
        mesures()


def test_une_propriete_se_dit_en_tete_pas_dans_la_requete(petit: Fabrique) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", "-- Une mesure.\nFROM socle.depot_libre\n  -- diffusion : protegee\nWHERE valeur > 0")
    with pytest.raises(Obstacle, match=r"measures/m\.sql, ligne 3 : .*« diffusion » s'écrit en tête"):
        mesures()


@pytest.mark.parametrize(
    "entete",
    [
        *("-- Diffusion protegee", "-- difusion protegee", "-- diffusion :: protegee", "-- diffusion - protegee"),
        *("-- diffusion -> protegee", "-- diffusion ; protegee", "-- diffusion：protegee", "-- diffusion:/protegee"),
        *("-- * diffusion : protegee", "--- diffusion : protegee", "-- - diffusion : protegee", "-- @diffusion : protegee"),
        *("-- « diffusion » : protegee", "-- diffusion (stricte) : protegee", "-- diffusion est protegee"),
        *("/* diffusion : protegee */", "-- Une mesure.\n/*\n * diffusion : protegee\n */", "-- unite sans accent"),
        *("-- diffusion\u200b : protegee", "-- La mesure.\nSELECT 1; -- diffusion : protegee", "-- diffusion de la mesure : protegee"),
    ],
)
def test_ce_qui_ressemble_a_une_propriete_ne_passe_jamais_pour_de_la_prose(petit: Fabrique, entete: str) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", f"{entete}\nFROM socle.depot_libre")
    with pytest.raises(Obstacle, match=r"measures/m\.sql, ligne \d+ : .* ressemble à une propriété"):
        mesures()


@pytest.mark.parametrize(
    "requete",
    [
        "SELECT * -- diffusion : protegee\nFROM socle.depot_libre",
        "FROM socle.depot_libre -- difusion : protegee",
        "FROM socle.depot_libre /* diffusion = protegee */",
        "FROM socle.depot_libre WHERE repondant <> '--' -- diffusion : protegee",
    ],
)
def test_une_propriete_dans_la_requete_est_refusee(petit: Fabrique, requete: str) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", requete)
    with pytest.raises(Obstacle, match=r"measures/m\.sql, ligne \d+ : .*« diffusion » s'écrit en tête"):
        mesures()


def test_une_propriete_se_lit_quels_que_soient_l_editeur_et_ses_fins_de_ligne(petit: Fabrique) -> None:
    petit.contributions("libre", [])
    decomposee = normalize("NFD", "-- unité : membres\n-- diffusion : protegee\n-- périmètre : large\n")
    petit.mesure("m", "\ufeff" + decomposee.replace("\n", "\r\n") + "FROM socle.depot_libre WHERE repondant <> '-- champ : x'")
    assert (mesures()["m"].unite, mesures()["m"].diffusion, mesures()["m"].perimetre) == ("membres", "protegee", "large")


def test_ce_que_des_mesures_partagent_n_a_pas_de_propriete(petit: Fabrique) -> None:
    petit.contributions("libre", [])
    communs = petit.declarations / "measures" / "communs"
    communs.mkdir(exist_ok=True)
    (communs / "partie.sql").write_text("-- diffusion : protegee\nFROM socle.depot_libre", encoding="utf-8")
    petit.mesure("m", "FROM communs.partie")
    with pytest.raises(Obstacle, match=r"measures/communs/partie\.sql, ligne 1 : .* se dit dans chaque mesure"):
        mesures()
    (communs / "partie.sql").write_text("FROM read_csv('paie.csv')", encoding="utf-8")
    petit.mesure("m", "FROM communs.partie")
    with pytest.raises(Obstacle, match=r"measures/communs/partie\.sql : la fonction « READ_CSV »"):
        mesures()


@pytest.mark.parametrize(
    "phrase",
    [
        "Plus forte paie de chaque établissement : sert à la règle des 80 %.",
        "Salariés de l'ESS selon une table ; ce que son producteur a supprimé le reste.",
        "Lignes de budget consacrées à l'ESS ; deux périmètres ne s'ajoutent pas.",
    ],
)
def test_une_phrase_qui_commence_par_le_mot_d_une_propriete_reste_une_phrase(petit: Fabrique, phrase: str) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", f"-- {phrase}\nFROM socle.depot_libre")
    assert mesures()["m"].description == phrase


@pytest.mark.parametrize(
    "source",
    [
        *("parquet_scan('p')", "READ_PARQUET('p')", "glob('*')", "sniff_csv('p')", "query('FROM socle.paie')"),
        *("query_table('socle.paie')", '"read_csv"(\'p\')', "main.read_csv('p')", "socle.libre, LATERAL read_csv('p')"),
        *("(FROM json_each('p'))", "ROWS FROM (read_csv('p'))"),
    ],
)
def test_une_fonction_qui_lit_ailleurs_est_refusee_ou_qu_elle_soit(petit: Fabrique, source: str) -> None:
    petit.mesure("m", f"WITH a AS (SELECT * FROM {source}) FROM a")
    with pytest.raises(Obstacle, match=r"measures/m\.sql : la fonction « .* » donne des lignes d'ailleurs"):
        mesures()


def test_une_mesure_fait_ses_propres_lignes(petit: Fabrique) -> None:
    petit.contributions("libre", [])
    petit.mesure("m", "SELECT d.* FROM socle.depot_libre d, unnest([1]) u(x), range(3) r, LATERAL (SELECT d.unite) t")
    assert mesures()["m"].lit == ("socle.depot_libre",)


@pytest.mark.parametrize(
    ("requete", "motif"),
    [
        ('WITH "socle.paie" AS (SELECT 1) FROM socle.paie', "lit socle.paie, de diffusion restreinte"),
        ('WITH "p.parquet" AS (SELECT 1) FROM "p.parquet"', "lit p.parquet, que rien ne déclare"),
        ("FROM ailleurs.socle.paie", "lit ailleurs.socle.paie, que rien ne déclare"),
        ("-- lignes : socle.paie l ON true\nFROM socle.depot_libre", "lit paie, de diffusion restreinte"),
        ("-- lignes : read_csv('p') m ON true JOIN socle.depot_libre l ON true\nFROM socle.depot_libre", "donne des lignes d'ailleurs"),
        ("FROM socle.depot_libre; FROM socle.paie", "un seul SELECT"),
        ("DESCRIBE socle.depot_libre", "un seul SELECT"),
        ("COPY socle.depot_libre TO 'p'", "un seul SELECT"),
    ],
)
def test_rien_ne_cache_une_source_restreinte(petit: Fabrique, requete: str, motif: str) -> None:
    petit.contributions("libre", [])
    petit.source("paie", diffusion="restreinte")
    petit.mesure("m", requete)
    with pytest.raises(Obstacle, match=rf"measures/m\.sql.*{motif}".replace("lit socle.paie", "lit paie")):
        mesures()


def test_une_mesure_enregistree_dans_une_autre_lettre_le_dit(petit: Fabrique) -> None:
    petit.mesure("m", "FROM socle.depot")
    (petit.declarations / "measures" / "m.sql").write_bytes("-- unité : €\nFROM socle.depot".encode("cp1252"))
    with pytest.raises(Obstacle, match=r"measures/m\.sql est illisible .*l'enregistrer en UTF-8"):
        mesures()


def test_une_faute_de_sql_dit_ou_en_francais_sans_citer_la_requete(petit: Fabrique) -> None:
    petit.mesure("m", "-- Une mesure.\nSELECT a FROM\nWHERE (")
    with pytest.raises(Obstacle) as refus:
        mesures()
    assert str(refus.value) == "measures/m.sql : SQL illisible (ligne 3, colonne 5) : corriger la requête, puis relancer."


def test_une_phrase_reste_une_description(petit: Fabrique) -> None:
    petit.contributions("libre", [])
    petit.mesure(
        "m",
        "-- Membres connus de chaque réseau : un zéro dit qu'on n'en connaît aucun.\n-- Voir https://exemple.fr\n"
        "-- unité : membres\nFROM socle.depot_libre -- note : pas une propriété\n-- note : non plus\nWHERE valeur::INT > 0",
    )
    assert mesures()["m"].description == (
        "Membres connus de chaque réseau : un zéro dit qu'on n'en connaît aucun. Voir https://exemple.fr"
    )
    assert mesures()["m"].unite == "membres"


@pytest.mark.parametrize(
    ("requete", "motif"),
    [
        ("FROM socle.absente", "lit socle.absente, que rien ne déclare"),
        ("FROM absente", "lit absente, que rien ne déclare"),
        ("FROM referentiels.communes JOIN socle.communes USING (code_commune)", "lit socle.communes, que rien"),
        ("FROM 'ailleurs.parquet'", "ailleurs.parquet, que rien ne déclare"),
        ("SELECT FROM WHERE (", "SQL illisible"),
    ],
)
def test_une_mesure_qui_lit_ce_que_rien_ne_declare_est_refusee(petit: Fabrique, requete: str, motif: str) -> None:
    petit.mesure("m", requete)
    with pytest.raises(Obstacle, match=rf"measures/m\.sql.*{motif}"):
        mesures()
