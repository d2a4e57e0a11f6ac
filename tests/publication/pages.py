"""A portrait written from rows of the tests, and read as a person reads it."""

import re
from html.parser import HTMLParser
from typing import Any

EPCI = "246300701"
ATTAQUE = "<script>alert(1)</script>"
LIBELLES = {
    ("epci", EPCI): "Clermont Auvergne Métropole",
    ("departement", "63"): "Puy-de-Dôme",
    ("france", "FR"): "France",
    ("commune", "63113"): "Clermont-Ferrand",
    ("inconnu", "inconnu"): "Lieu inconnu",
}


def indicateur(nom: str, theme: str = "emploi", unite: str = "salariés", **autres: Any) -> dict[str, Any]:
    return {
        "indicateur": nom,
        "titre": f"Titre de {nom}",
        "theme": theme,
        "unite": unite,
        "decimales": 0,
        "definition": "Une définition.",
        "champ": "Un champ.",
        "mesure_numerateur": f"{nom} (somme)",
        "sources": "Source A",
        "licence": "Licence Ouverte 2.0",
        "ruptures": "",
        "nature": "reelle",
        "est_derive": False,
        **autres,
    }


def valeur(nom: str, chiffre: float | None, lieu: tuple[str, str] = ("epci", EPCI), **autres: Any) -> dict[str, Any]:
    return {
        "indicateur": nom,
        "niveau": lieu[0],
        "code_territoire": lieu[1],
        "libelle_territoire": LIBELLES[lieu],
        "periode": "2024",
        "axe": "total",
        "modalite": "total",
        "valeur": chiffre,
        "unite": "salariés",
        "numerateur": chiffre,
        "nombre_unites": 1,
        "statut_observation": "A",
        "statut_confidentialite": "F",
        "nature": "reelle",
        **autres,
    }


def declaration(citation: str, lieu: tuple[str, str], **autres: Any) -> dict[str, Any]:
    return {
        "document": "fiche",
        "citation": citation,
        "grandeur": "emplois",
        "niveau": lieu[0],
        "code_territoire": lieu[1],
        "periode": "inconnu",
        "valeur": 14500,
        "unite": "salariés",
        "nature": "reelle",
        "_fichier": "f",
        "_ligne": 1,
        **autres,
    }


def source(titre: str, etat: str = "lu", **autres: Any) -> dict[str, Any]:
    return {
        "source": titre.lower(),
        "titre": titre,
        "fichier": "f.csv",
        "nature": "reelle",
        "etat": etat,
        "lignes_lues": 1234,
        "lignes_retenues": 1000,
        "lignes_hors_champ": 200,
        "lignes_rejetees": 34,
        **autres,
    }


class Lecteur(HTMLParser):
    """What a browser would run or load, and the text it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.ressources: list[str] = []
        self.balises: list[str] = []
        self.textes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.balises.append(tag)
        self.ressources += [valeur or "" for nom, valeur in attrs if nom in ("src", "href", "srcset", "action", "data")]

    def handle_data(self, data: str) -> None:
        if self.balises[-1:] not in (["style"], ["script"]):
            self.textes.append(data)


def read_batches(contenu: str) -> Lecteur:
    lecteur = Lecteur()
    lecteur.feed(contenu)
    return lecteur


def texte(contenu: str) -> str:
    return re.sub(r"\s+", " ", " ".join(read_batches(contenu).textes).replace("\u202f", "~"))


PART = "part_ess_etablissements_employeurs_sirene"
