"""Names matched: both tables, and the queue that people complete; computed again only when what they read changed.

What a name becomes belongs to `decisions`, columns to `tables`; nothing here is published but counts.
"""

import csv
import io
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as parquet

from observatoire.derived import versions_of, write_rows
from observatoire.fingerprints import code_owed
from observatoire.matching.decisions import (
    AUCUN,
    PARTOUT,
    Nom,
    Proposition,
    Sort,
    certain_identifier,
    decision_for,
    settle,
)
from observatoire.matching.names import normalised
from observatoire.matching.precision import PAIRES_MINIMALES, PRECISION_MINIMALE, Etiquette, QualiteDesNoms, measure
from observatoire.matching.repertoires import NUMEROS, candidates, reproaches
from observatoire.matching.search import normalise_candidates, propose
from observatoire.matching.tables import (
    AVEC_COMMUNE,
    BANDES,
    LIT,
    NOMS_RAPPROCHES,
    QUALITE_NOMS,
    SANS_COMMUNE,
    SORTES,
)
from observatoire.sources import sources
from observatoire.sources.states import common_nature
from observatoire.warehouse import ATELIER, Entrepot, fingerprint

# a masked name is nobody's, and one with an identifier is known: it is there for decisions to close
NOMS = """
    SELECT 'adhesions/' || reseau AS contexte, membre AS nom, siren_membre AS identifiant,
           CASE WHEN niveau = 'commune' THEN code_territoire END AS code_commune
    FROM socle.adhesions WHERE membre NOT LIKE '%[…]%'
    UNION ALL
    SELECT 'participations', societe, siren_societe, NULL FROM socle.participations
    UNION ALL
    SELECT 'financements', beneficiaire, siren_beneficiaire, NULL FROM socle.financements
    UNION ALL
    SELECT 'subventions', nom_beneficiaire, coalesce(siren_beneficiaire, rna_beneficiaire), NULL
    FROM socle.subventions WHERE nom_beneficiaire IS NOT NULL
    UNION ALL
    SELECT 'organisations', nom_ecrit, siren, CASE WHEN niveau = 'commune' THEN code_territoire END
    FROM socle.noms_organisations"""

FILE = ("a_revoir", "rapprochements_noms.csv")
COLONNES_FILE = (
    *("nom", "contexte", "identifiant", "raison", "auteur", "decidee_le"),
    *("rang", "identifiant_propose", "nom_propose", "score", "preuve"),
)

Clef = tuple[str, str | None]


def compute_matches(entrepot: Entrepot) -> dict[str, int]:
    """Match every name, unless nothing changed; write both tables and the queue.

    Returns:
        Names by band, and `conflits`, the decisions to take again.
    """
    entrees = versions_of(entrepot, LIT)
    version = matches_version(entrees, entrepot.settings.territoire)
    dit = {"version": version, "entrees": entrees}
    en_place = [entrepot.version(schema, "rapprochements_noms") for schema in ("socle", "qualite")]
    if en_place != [version, version] or not entrepot.racine.joinpath(*FILE).exists():
        with entrepot.connect(LIT) as connexion, _workshop(entrepot) as atelier:
            lues = _read(connexion, entrepot, atelier)
        nature = common_nature(entrepot, [sources()["sirene_unites_legales"]])
        lignes = [_row(nom, sort, nature) for nom, sort in lues.sorts] + [
            _row_without_name(cle, decide, nature) for cle, decide in lues.sans_objet
        ]
        _write_queue(entrepot, lues)
        dites = _quality(lignes, lues.mesures, nature)
        write_rows(entrepot, "qualite.rapprochements_noms", QUALITE_NOMS, dites, dit)
        write_rows(entrepot, "socle.rapprochements_noms", NOMS_RAPPROCHES, lignes, dit)
    with entrepot.connect(("socle.rapprochements_noms",)) as connexion:
        requete = "SELECT bande, count(*) FROM socle.rapprochements_noms GROUP BY ALL"
        bandes = dict(connexion.execute(requete).fetchall())
        requete = "SELECT count(*) FROM socle.rapprochements_noms WHERE etat_decision = 'conflit'"
        ((conflits,),) = connexion.execute(requete).fetchall()
    return {**{nom: bandes.get(nom, 0) for nom in BANDES}, "conflits": conflits}


def matches_version(entrees: dict[str, str | None], territoire: str) -> str:
    """Return the version of both tables, from what they read, the focal territory and the code."""
    return fingerprint(entrees, territoire, code_owed(__name__))


@dataclass
class _Lecture:
    """What a computation found: the fate of each name, decisions whose name is gone, proposals, and the measures.

    A commune is evidence: names that have one (`avec_commune`) are measured, and accepted, apart from the others.
    """

    sorts: list[tuple[Nom, Sort]]
    sans_objet: list[tuple[tuple[str, str], str]]
    propositions: dict[Nom, list[Proposition]]
    mesures: dict[str, QualiteDesNoms]


@contextmanager
def _workshop(entrepot: Entrepot) -> Iterator[Path]:
    """Give a folder of the warehouse for what is too large for memory; a killed run leaves it to the next one."""
    entrepot.make_folder()
    with tempfile.TemporaryDirectory(prefix=ATELIER, dir=entrepot.racine) as dossier:
        yield Path(dossier)


def _read(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, atelier: Path) -> _Lecture:
    """Search the names, take the decisions, and say what becomes of each."""
    connexion.execute(f"CREATE TEMP TABLE ecrits AS {NOMS}")
    connexion.execute(f"CREATE TEMP VIEW candidats_lus AS {candidates(entrepot.settings.territoire)}")
    # an association that has both numbers has one identifier, whichever a document or a person wrote
    connexion.execute(f"CREATE TEMP TABLE numeros AS {NUMEROS}")
    # a name its document identifies needs nobody: it is not searched
    connexion.execute("""
        CREATE TEMP TABLE groupes AS
        SELECT e.nom, contexte, any_value(o.nom) AS nom_retenu,
               list_distinct(list_filter(
                   list_concat(list(coalesce(n.siren, identifiant)), list(o.siren)), lambda i: i IS NOT NULL
               )) AS identifiants,
               CASE WHEN count(DISTINCT code_commune) = 1 THEN min(code_commune) END AS code_commune
        FROM ecrits e LEFT JOIN socle.noms_organisations o ON o.nom_ecrit = e.nom
        LEFT JOIN numeros n ON n.rna = identifiant
        GROUP BY e.nom, contexte""")
    connexion.execute("""
        CREATE TEMP VIEW cherches AS
        SELECT nom, code_commune FROM groupes WHERE len(identifiants) = 0
        UNION SELECT nom, code_commune FROM socle.etiquettes_noms""")
    normalise_candidates(connexion, "candidats_lus", atelier / "candidats.parquet")
    propose(connexion, "cherches", atelier / "candidats.parquet", atelier / "propositions.parquet")
    trouvees = _proposals(atelier / "propositions.parquet")
    decisions = {
        (nom, contexte): identifiant
        for nom, contexte, identifiant in connexion.execute(
            "SELECT nom, contexte, coalesce(n.siren, identifiant) FROM referentiels.rapprochements_noms "
            "LEFT JOIN numeros n ON n.rna = identifiant ORDER BY decidee_le"
        ).fetchall()
    }
    contre = reproaches(connexion, entrepot, set(decisions.values()) - {AUCUN})
    labels = list(_labels(connexion, trouvees))
    mesures = {
        sorte: measure(e for e in labels if (e.code_commune is None) == (sorte == SANS_COMMUNE)) for sorte in SORTES
    }
    sorts, propositions = [], {}
    groupes = connexion.execute("FROM groupes ORDER BY nom, contexte").fetchall()
    for ecrit, contexte, retenu, identifiants, commune in groupes:
        nom = Nom(ecrit, contexte, frozenset(identifiants), retenu)
        propositions[nom] = [] if identifiants else trouvees.get((ecrit, commune), [])
        decide = decision_for(nom, decisions)
        permis = mesures[SANS_COMMUNE if commune is None else AVEC_COMMUNE].peut_accepter
        sorts.append((nom, settle(nom, decide, propositions[nom], contre, permis)))
    ecrits = {(nom.nom, contexte) for nom, _ in sorts for contexte in (nom.contexte, PARTOUT)}
    sans_objet = [(cle, decide) for cle, decide in sorted(decisions.items()) if cle not in ecrits]
    return _Lecture(sorts, sans_objet, propositions, mesures)


def _proposals(chemin: Path) -> dict[Clef, list[Proposition]]:
    trouvees: dict[Clef, list[Proposition]] = defaultdict(list)
    for ligne in sorted(parquet.read_table(chemin).to_pylist(), key=lambda ligne: ligne["rang"]):
        trouvees[(ligne["nom"], ligne["code_commune"])].append(
            Proposition(
                ligne["identifiant"],
                ligne["nom_propose"],
                ligne["score"],
                ligne["est_identique"],
                ligne["est_meme_commune"],
                ligne["est_meme_famille"],
                ligne["est_actif"],
            )
        )
    return trouvees


def _labels(connexion: duckdb.DuckDBPyConnection, trouvees: dict[Clef, list[Proposition]]) -> Iterator[Etiquette]:
    """Set what was labelled against what is found; a body labelled by its RNA number may be found by its SIREN."""
    for nom, commune, vrai, origine, normal in connexion.execute(f"""
            SELECT nom, code_commune, coalesce(n.siren, identifiant), origine, coalesce({normalised("nom")}, nom)
            FROM socle.etiquettes_noms LEFT JOIN numeros n ON n.rna = identifiant""").fetchall():
        proposees = trouvees.get((nom, commune), [])
        yield Etiquette(
            None if vrai == AUCUN else vrai,
            certain_identifier(proposees),
            frozenset(proposition.identifiant for proposition in proposees),
            origine == "personne",
            normal,
            commune,
        )


def _row(nom: Nom, sort: Sort, nature: str) -> dict[str, Any]:
    return {
        "nom": nom.nom,
        "contexte": nom.contexte,
        "identifiant": sort.identifiant,
        "origine_identifiant": sort.origine,
        "identifiant_decide": sort.decide,
        "etat_decision": sort.etat,
        "bande": sort.bande,
        "score": sort.score,
        "preuve": sort.preuve,
        "nature": nature,
    }


def _row_without_name(cle: tuple[str, str], decide: str, nature: str) -> dict[str, Any]:
    nom, contexte = cle
    sort = Sort(None, None, decide, "sans_objet", "inconnu", None, "ce nom n'est plus écrit nulle part", True)
    return _row(Nom(nom, contexte), sort, nature)


def _quality(lignes: list[dict[str, Any]], mesures: dict[str, QualiteDesNoms], nature: str) -> list[dict[str, Any]]:
    """Count names by context, and say what the labelled set measures."""
    comptes: Counter[tuple[str, str, str]] = Counter()
    for ligne in lignes:
        if ligne["etat_decision"] != "sans_objet":
            comptes[ligne["contexte"], "bande", ligne["bande"]] += 1
            comptes[ligne["contexte"], "identifiant", ligne["origine_identifiant"] or "aucun"] += 1
        if ligne["etat_decision"] is not None:
            comptes[ligne["contexte"], "decision", ligne["etat_decision"]] += 1
    a_refaire = {"conflit": "une source a changé d'avis : décider à nouveau dans raw/rapprochements_noms/"}
    dites: list[dict[str, Any]] = [
        {
            **dict(zip(("contexte", "constat", "modalite"), cle, strict=True)),
            "nombre": nombre,
            "explication": a_refaire.get(cle[2]),
        }
        for cle, nombre in sorted(comptes.items())
    ]
    for sorte, mesure in mesures.items():
        permis = (
            "ce qui est certain est accepté sans relecture"
            if mesure.peut_accepter
            else f"rien n'est accepté sans relecture : il faut {PAIRES_MINIMALES} noms différents, étiquetés par une "
            f"personne, parmi ceux qui sont certains, et une borne basse de {PRECISION_MINIMALE:.0%}".replace("%", " %")
        )
        for nom, proportion in vars(mesure).items():
            connue = proportion.total > 0
            dites.append(
                {
                    "contexte": sorte,
                    "constat": "mesure",
                    "modalite": nom,
                    "nombre": proportion.favorables,
                    "sur": proportion.total,
                    "taux": proportion.taux,
                    "borne_basse": proportion.borne_basse if connue else None,
                    "borne_haute": proportion.borne_haute if connue else None,
                    "explication": permis,
                }
            )
    return [{**ligne, "nature": nature} for ligne in dites]


def _write_queue(entrepot: Entrepot, lues: _Lecture) -> None:
    """Write what people have to look at: a row a proposal, with empty columns for the decision they take."""
    texte = io.StringIO()
    sortie = csv.DictWriter(texte, COLONNES_FILE, lineterminator="\n", restval="")
    sortie.writeheader()
    for nom, sort in lues.sorts:
        if sort.est_tranche:
            continue
        ligne = {"nom": nom.nom, "contexte": nom.contexte}
        if sort.etat == "conflit" or not lues.propositions[nom]:
            sortie.writerow({**ligne, "preuve": sort.preuve})
        for rang, proposition in enumerate(lues.propositions[nom], start=1):
            vue = {
                "rang": str(rang),
                "identifiant_propose": proposition.identifiant,
                "nom_propose": proposition.nom,
                "score": f"{proposition.score:.0f}",
                "preuve": str(proposition),
            }
            sortie.writerow(ligne | vue)
    with entrepot.replacing(entrepot.racine.joinpath(*FILE)) as chemin:
        # spreadsheets read UTF-8 when a mark says so
        chemin.write_text(texte.getvalue(), encoding="utf-8-sig")
