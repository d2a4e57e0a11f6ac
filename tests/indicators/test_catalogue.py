"""An indicator or a measure badly declared refuses as it loads: which file, which key, what was found, what is allowed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
        ("-- diffusion protegee", "« diffusion » sans « : » : écrire « -- diffusion : … »"),
        ("-- diffusion = protegee", "« diffusion » sans « : »"),
        ("-- plus gros salaire m", "« plus gros salaire » sans « : »"),
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
    with pytest.raises(Obstacle, match=r"measures/m\.sql, ligne 3 : « diffusion » s'écrit en tête"):
        mesures()


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
