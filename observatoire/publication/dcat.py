"""The catalogue portals harvest: `catalogue.jsonld`, DCAT-AP, made from the data package.

One dataset for each licence, since a portal gives a dataset one licence only; one distribution for each file. Addresses
are relative to the catalogue itself, or absolute where the operator says where the pages are served. What a file holds
belongs to `data_package`.
"""

import json
from pathlib import Path
from typing import Any

from observatoire.publication.licences import ODBL, OUVERTE

FICHIER = "catalogue.jsonld"
DOSSIER = "donnees/"  # beside the portrait: where its files are offered
EUROPE = "http://publications.europa.eu/resource/authority/"
CONTEXTE = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
THEMES = [f"{EUROPE}data-theme/{theme}" for theme in ("ECON", "SOCI", "REGI")]
TYPES = {"csv": "CSV", "xlsx": "XLSX", "geojson": "GEOJSON"}
LICENCES = {licence.code: licence for licence in (ODBL, OUVERTE)}
TITRES = {
    ODBL.code: "indicateurs et tables qui reposent sur l'Urssaf",
    OUVERTE.code: "référentiels, établissements, subventions, réseaux",
}
Noeud = dict[str, Any]


def write_catalogue(paquet: dict[str, Any], dossier: Path, adresse: str) -> None:
    """Write the catalogue at the root of a release.

    Args:
        paquet: what `datapackage.json` says.
        dossier: the release.
        adresse: address where the portrait is served, ending with `/`; empty when it is served nowhere yet.
    """
    contenu = json.dumps(catalogue(paquet, adresse), ensure_ascii=False, indent=1)
    (dossier / FICHIER).write_text(contenu + "\n", encoding="utf-8")


def catalogue(paquet: dict[str, Any], adresse: str = "") -> Noeud:
    """Return the catalogue of a data package as JSON-LD; arguments as in `write_catalogue`."""
    base = {"@base": f"{adresse}{DOSSIER}"} if adresse else {}
    modifie = _typed(paquet["created"], "dateTime")
    auteur = {"@id": "#editeur", "@type": "foaf:Agent", "foaf:name": paquet["contributors"][0]["title"]}
    par_licence: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for ressource in paquet["resources"]:
        par_licence.setdefault(tuple(licence["name"] for licence in ressource["licenses"]), []).append(ressource)
    return {
        "@context": CONTEXTE | base,
        "@id": FICHIER,
        "@type": "dcat:Catalog",
        "dct:title": _french(_said(paquet, paquet["title"])),
        "dct:description": _french(paquet["description"]),
        "dct:publisher": auteur,
        "dct:modified": modifie,
        "dct:language": {"@id": f"{EUROPE}language/FRA"},
        "dct:license": {"@id": OUVERTE.europe},
        "dct:spatial": _place(paquet),
        "dcat:themeTaxonomy": {"@id": f"{EUROPE}data-theme"},
        "dcat:dataset": [_dataset(paquet, noms, ressources) for noms, ressources in sorted(par_licence.items())],
    }


def _dataset(paquet: dict[str, Any], noms: tuple[str, ...], ressources: list[dict[str, Any]]) -> Noeud:
    """Describe the files under one licence; its identifier does not change from one release to the next."""
    cle = "-".join(noms).lower()
    couverture = paquet["coverage"]
    titre = f"{paquet['title']} : {TITRES[noms[0]]}" + (" (une licence est à vérifier)" if len(noms) > 1 else "")
    sources = sorted({source["title"] for ressource in ressources for source in ressource.get("sources", [])})
    licences = [licence["title"] for licence in ressources[0]["licenses"]]
    return {
        "@id": f"{FICHIER}#{cle}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"observatoire-ess-{couverture['territoire']['code']}-{cle}",
        "dct:title": _french(_said(paquet, titre)),
        "dct:description": _french(f"{paquet['description']} Licence : {' ; '.join(licences)}."),
        "dct:publisher": {"@id": "#editeur"},
        "dct:license": {"@id": LICENCES[noms[0]].europe},
        "dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": _french(" ; ".join(licences))},
        "dct:accessRights": {"@id": f"{EUROPE}access-right/PUBLIC"},
        "dct:issued": _typed(paquet["created"], "dateTime"),
        "dct:modified": _typed(paquet["created"], "dateTime"),
        "dct:language": {"@id": f"{EUROPE}language/FRA"},
        # a release is made when an input, its state or the code changes: on no fixed day
        "dct:accrualPeriodicity": {"@id": f"{EUROPE}frequency/IRREG"},
        "dct:spatial": _place(paquet),
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(couverture["debut"], "gYear"),
            "dcat:endDate": _typed(couverture["fin"], "gYear"),
        }
        if couverture["debut"]
        else [],
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": _french("Sources : " + " ; ".join(sources)),
        },
        "dcat:theme": [{"@id": theme} for theme in THEMES],
        "dcat:keyword": [_french(mot) for mot in paquet["keywords"]],
        "dcat:version": paquet["version"],
        "dcat:distribution": [_distribution(ressource) for ressource in ressources],
    }


def _distribution(ressource: dict[str, Any]) -> Noeud:
    chemin = ressource["path"].removeprefix(f"portrait/{DOSSIER}")
    licence = LICENCES[ressource["licenses"][0]["name"]]
    type_ = TYPES.get(ressource["format"])
    return {
        "@id": f"{FICHIER}#{chemin}",
        "@type": "dcat:Distribution",
        "dct:title": _french(ressource["title"]),
        "dct:description": _french(ressource.get("description", ressource["title"])),
        "dcat:accessURL": {"@id": chemin},
        "dcat:downloadURL": {"@id": chemin},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{ressource['mediatype']}"},
        **({"dct:format": {"@id": f"{EUROPE}file-type/{type_}"}} if type_ else {}),
        "dcat:byteSize": _typed(str(ressource["bytes"]), "nonNegativeInteger"),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed(ressource["hash"].removeprefix("sha256:"), "hexBinary"),
        },
        "dct:license": {"@id": licence.europe},
    }


def _place(paquet: dict[str, Any]) -> Noeud:
    lieu = paquet["coverage"]["territoire"]
    return {
        "@type": "dct:Location",
        "dct:identifier": f"epci {lieu['code']}",
        "skos:prefLabel": _french(lieu["libelle"] or lieu["code"]),
    }


def _said(paquet: dict[str, Any], titre: str) -> str:
    """Put the word first: a portal shows little else than titles."""
    return f"DÉMONSTRATION — {titre}" if paquet["nature"] == "demonstration" else titre


def _french(texte: str) -> Noeud:
    return {"@value": texte, "@language": "fr"}


def _typed(valeur: str, type_: str) -> Noeud:
    return {"@value": valeur, "@type": f"xsd:{type_}"}
