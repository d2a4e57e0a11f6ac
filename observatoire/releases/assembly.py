"""Putting a release together: its files written aside, their hashes in its manifest, read-only, then named.

When one is made, kept, moved to or taken back belongs to `releases`; what a file says, to the module that writes it.
"""

import json

from observatoire.confidentiality.suppressed import suppressions_base
from observatoire.evidence import keep_evidence
from observatoire.journal.causes import D_UN_FICHIER
from observatoire.journal.writing import write_journal
from observatoire.publication.open_data import write_open_data
from observatoire.publication.portrait import write_portrait
from observatoire.publication.public_tables import CONTRAT, export_tables, write_duckdb
from observatoire.publication.territory_geojson import write_geojson
from observatoire.releases.code import code_version
from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.warehouse import NOM_DUCKDB, Entrepot, utc_now


def build(entrepot: Entrepot, nom: str, identite: str) -> None:
    """Build a release aside, make it read-only, then give it its name."""
    parent = entrepot.racine / "releases"
    with entrepot.unfinished("releases") as dossier:
        etats = [etat for etat in (state_of(entrepot, source) for source in sources().values()) if etat is not None]
        nature = "demonstration" if any(etat.nature == "demonstration" for etat in etats) else "reelle"
        release = {
            "release": nom,
            "contrat": CONTRAT,
            "cree_le": utc_now(),
            "code_version": code_version(),
            "nature": nature,
            "territoire": entrepot.settings.territoire,
        }
        duckdb = dossier / NOM_DUCKDB
        comptes = write_duckdb(entrepot, str(duckdb), release)
        (dossier / "tables").mkdir()
        export_tables(duckdb, dossier / "tables")
        write_portrait(duckdb, dossier / "portrait", entrepot.settings.territoire)
        write_geojson(duckdb, dossier / "geo", entrepot.settings.territoire)
        contenu = {
            **release,
            "identite": identite,
            "secret": suppressions_base(entrepot),
            "tables": comptes,
            "sources": [
                {
                    "source": etat.source,
                    "etat": etat.etat_du_jour,
                    "motif": etat.motif,
                    "depuis": etat.depuis,
                    "version": etat.version,
                    "nature": etat.nature,
                    "charge_le": etat.charge_le,
                    "couverture": etat.couverture,
                    "acceptations": etat.acceptations,
                    "fichiers": [{nom: getattr(lu, nom) for nom in ("fichier", *D_UN_FICHIER)} for lu in etat.fichiers],
                }
                for etat in etats
            ],
        }
        contenu["avant"] = write_journal(entrepot, dossier, contenu)
        # last: it describes and hashes the others
        contenu["fichiers"] = write_open_data(duckdb, dossier, entrepot.settings)
        (dossier / "manifest.json").write_text(json.dumps(contenu, ensure_ascii=False, indent=1), encoding="utf-8")
        for chemin in dossier.rglob("*"):
            chemin.chmod(0o555 if chemin.is_dir() else 0o444)
        # evidence first: no release stands without what explains it
        keep_evidence(entrepot, nom)
        dossier.chmod(0o755)  # a folder that cannot be written to cannot be renamed either on some systems
        dossier.rename(parent / nom)
        (parent / nom).chmod(0o555)
