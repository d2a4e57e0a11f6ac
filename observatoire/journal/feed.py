"""The list of releases for machines: `releases.json`, and `flux.atom` for feed readers (RFC 4287).

Both say what `releases` knows; neither decides anything. They are written again whenever that changes.
"""

import json
import re
import uuid
from typing import Any
from xml.etree import ElementTree

from observatoire.journal.writing import read_journal
from observatoire.warehouse import Entrepot

LISTE = "releases.json"
FLUX = "flux.atom"
ATOM = "http://www.w3.org/2005/Atom"
# what identifies a release anywhere, without a domain we do not hold: a name in a space of ours
ESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "observatoire de l'économie sociale et solidaire")
# outside of the characters of XML 1.0 (section 2.2), and the marks that turn text around
INTERDITS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")

REPRIS = ("release", "cree_le", "nature", "contrat", "identite", "code_version", "territoire", "sources", "fichiers")

Ligne = dict[str, Any]


def write_lists(
    entrepot: Entrepot,
    manifestes: list[Ligne],
    courante: str | None,
    epinglee: str | None,
    retirees: list[dict[str, str]],
) -> None:
    """Write `releases.json` and `flux.atom` at the top of the warehouse, each in one step.

    Args:
        entrepot: the warehouse.
        manifestes: manifests of the kept releases, oldest first.
        courante: the release the stable path gives.
        epinglee: the one it is pinned to.
        retirees: the retracted ones: `release`, `motif`, `le`.
    """
    dossiers = entrepot.racine / "releases"
    journaux = {
        m["release"]: {"etabli_le": m["cree_le"]} | (read_journal(dossiers / m["release"]) or {}) for m in manifestes
    }
    liste = {
        "courante": courante,
        "epinglee": epinglee,
        "releases": [_entry(m, journaux[m["release"]], courante, epinglee) for m in reversed(manifestes)],
        "retirees": [{nom: r[nom] for nom in ("release", "motif", "le")} for r in reversed(retirees)],
    }
    with entrepot.replacing(entrepot.racine / LISTE) as chemin:
        chemin.write_text(json.dumps(liste, ensure_ascii=False, indent=1), encoding="utf-8")
    entrees = [
        (journal["etabli_le"], _release_entry(manifeste, journal, manifeste["release"] == courante))
        for manifeste, journal in zip(manifestes, journaux.values(), strict=True)
    ] + [(retiree["le"], _retracted_entry(retiree)) for retiree in retirees]
    if not entrees:
        (entrepot.racine / FLUX).unlink(missing_ok=True)
        return
    flux = _feed(entrepot.settings.territoire, sorted(entrees, key=lambda entree: entree[0], reverse=True))
    with entrepot.replacing(entrepot.racine / FLUX) as chemin:
        ElementTree.ElementTree(flux).write(chemin, encoding="utf-8", xml_declaration=True)


def _entry(manifeste: Ligne, journal: Ligne, courante: str | None, epinglee: str | None) -> Ligne:
    nom = manifeste["release"]
    return {
        **{champ: manifeste[champ] for champ in REPRIS},
        "dossier": f"releases/{nom}",
        "est_courante": nom == courante,
        "est_epinglee": nom == epinglee,
        "avant": journal.get("avant"),
        "resume": journal.get("resume"),
    }


def _feed(territoire: str, entrees: list[tuple[str, ElementTree.Element]]) -> ElementTree.Element:
    ElementTree.register_namespace("", ATOM)
    flux = ElementTree.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "fr"})
    _add(flux, "id", _urn(territoire))
    _add(flux, "title", "Publications de l'observatoire de l'ESS")
    _add(flux, "subtitle", f"Territoire {territoire}")
    _add(flux, "updated", _time(entrees[0][0]))
    _add(_add(flux, "author"), "name", "Observatoire de l'ESS")
    _add(flux, "link", rel="self", type="application/atom+xml", href=FLUX)
    flux.extend(entree for _, entree in entrees)
    return flux


def _release_entry(manifeste: Ligne, journal: Ligne, est_courante: bool) -> ElementTree.Element:
    nom, resume = manifeste["release"], journal.get("resume")
    demonstration = "[DÉMONSTRATION] " if manifeste["nature"] == "demonstration" else ""
    entree = ElementTree.Element(f"{{{ATOM}}}entry")
    _add(entree, "id", _urn(nom))
    _add(entree, "title", f"{demonstration}Publication {nom}")
    _add(entree, "published", _time(manifeste["cree_le"]))
    # a journal that quoted a retracted release was written again
    _add(entree, "updated", _time(journal["etabli_le"]))
    if est_courante:
        _add(entree, "category", term="courante", label="Publication en cours")
    # a release made before journals were kept has a portrait only
    page = "journal.html" if resume is not None else "index.html"
    _add(entree, "link", rel="alternate", type="text/html", hreflang="fr", href=f"releases/{nom}/portrait/{page}")
    echecs = [source["source"] for source in manifeste["sources"] if source["etat"] == "en_echec"]
    dit = [resume or "Publication sans journal.", f"Sources en échec : {', '.join(echecs)}." if echecs else ""]
    _add(entree, "summary", " ".join(filter(None, dit)), type="text")
    return entree


def _retracted_entry(retiree: dict[str, str]) -> ElementTree.Element:
    entree = ElementTree.Element(f"{{{ATOM}}}entry")
    _add(entree, "id", _urn(retiree["release"]))
    _add(entree, "title", f"Publication {retiree['release']} retirée")
    _add(entree, "updated", _time(retiree["le"]))
    _add(entree, "content", f"Cette publication a été retirée et effacée. Motif : {retiree['motif']}", type="text")
    return entree


def _add(parent: ElementTree.Element, nom: str, texte: str | None = None, **attributs: str) -> ElementTree.Element:
    enfant = ElementTree.SubElement(parent, f"{{{ATOM}}}{nom}", attributs)
    if texte is not None:
        enfant.text = INTERDITS.sub("\ufffd", texte)
    return enfant


def _urn(nom: str) -> str:
    return f"urn:uuid:{uuid.uuid5(ESPACE, nom)}"


def _time(heure_utc: str) -> str:
    return f"{heure_utc}Z"
