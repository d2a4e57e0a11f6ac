"""The links between organisations that the registers hold, each with its words: one row per link, names resolved.

A name nobody recognised stays a node of its own. A body that may not be named gives no link: it is counted, by reason.
What is measured on the links belongs to `graph`.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

REGISTRES = ("adhesions", "mandats", "participations", "financements", "soutiens", "labels", "signatures", "relations")
LIT = (
    *(f"socle.{registre}" for registre in REGISTRES),
    "socle.reseaux",
    "socle.organisations",
    "socle.documents",
    "socle.noms_organisations",
    "socle.noms_tus",
)
TU = "organisme compté, jamais nommé (culte, parti, syndicat, unité non diffusible)"
MASQUE = "personne, ou nom possible d'une personne"
BOUCLE = "deux noms d'un même organisme"

# every register says its links with these columns; a local authority is named by its SIREN in those of money
_LIENS = """
    WITH collectivites AS (
        SELECT siren, min(nom) AS nom FROM socle.organisations WHERE siren IS NOT NULL GROUP BY siren),
    chacun AS (
        SELECT membre AS source, coalesce(r.porteur, a.reseau) AS cible, 'adhesion' AS type_lien, a.reseau,
               CASE WHEN jusqu_a IS NULL THEN 'actif' ELSE 'passe' END AS statut, depuis::VARCHAR AS debut,
               jusqu_a::VARCHAR AS fin, coalesce(a.confiance, 'faible') AS confiance, a.document, a.citation,
               coalesce(a.est_sensible, false) AS est_sensible, 'adhesions' AS registre
        FROM socle.adhesions a
        LEFT JOIN (SELECT reseau, min(porteur) AS porteur FROM socle.reseaux GROUP BY reseau) r ON r.reseau = a.reseau
        UNION ALL
        SELECT titulaire, organisation, 'mandat', NULL, CASE WHEN jusqu_a IS NULL THEN 'actif' ELSE 'passe' END, depuis,
               jusqu_a, confiance, document, citation, coalesce(est_sensible, false), 'mandats'
        FROM socle.mandats WHERE nature_titulaire = 'organisation'
        UNION ALL
        SELECT coalesce(c.nom, siren_detenteur), societe, 'capital', NULL, 'actif', date_participation::VARCHAR, NULL,
               'forte', document, citation, false, 'participations'
        FROM socle.participations LEFT JOIN collectivites c ON c.siren = siren_detenteur
        UNION ALL
        SELECT coalesce(c.nom, siren_financeur), beneficiaire, 'financement', NULL, 'actif', exercice::VARCHAR, NULL,
               'forte', document, citation, false, 'financements'
        FROM socle.financements LEFT JOIN collectivites c ON c.siren = siren_financeur
        UNION ALL
        SELECT coalesce(c.nom, siren_collectivite), beneficiaire, 'soutien', NULL, 'actif', exercice::VARCHAR, NULL,
               'forte', document, citation, false, 'soutiens'
        FROM socle.soutiens LEFT JOIN collectivites c ON c.siren = siren_collectivite WHERE type <> 'événement'
        UNION ALL
        SELECT titulaire, delivre_par, 'label', NULL,
               CASE etat WHEN 'annonce' THEN 'prevu' WHEN 'labellise' THEN 'actif' ELSE 'passe' END,
               date_etat, NULL, confiance, document, citation, false, 'labels'
        FROM socle.labels WHERE delivre_par IS NOT NULL
        UNION ALL
        SELECT signataire, coalesce(r.porteur, s.reseau), 'signature', s.reseau, 'actif', date_signature, NULL,
               s.confiance, s.document, s.citation, coalesce(s.est_sensible, false), 'signatures'
        FROM socle.signatures s
        LEFT JOIN (SELECT reseau, min(porteur) AS porteur FROM socle.reseaux GROUP BY reseau) r ON r.reseau = s.reseau
        WHERE signataire IS NOT NULL
        UNION ALL
        SELECT source, cible, type_relation, NULL, statut, depuis, jusqu_a, confiance, document, citation,
               coalesce(est_sensible, false), 'relations'
        FROM socle.relations WHERE nature_cible = 'organisation')
    SELECT coalesce(a.organisation, l.source) AS source, coalesce(b.organisation, l.cible) AS cible,
           coalesce(a.nom, l.source) AS nom_source, coalesce(b.nom, l.cible) AS nom_cible,
           coalesce(a.type_organisation, 'inconnu') AS type_source,
           coalesce(b.type_organisation, 'inconnu') AS type_cible,
           l.type_lien, l.reseau, l.statut, l.debut, l.fin, d.date_document AS vu_le, l.confiance, l.document,
           l.citation, l.registre,
           l.est_sensible OR list_has_any(
               [strip_accents(lower(nom)) FOR nom IN [l.source, l.cible, a.organisation, b.organisation]],
               (SELECT coalesce(list(nom), []) FROM socle.noms_tus)
           ) AS est_tu
    FROM chacun l
    LEFT JOIN socle.noms_organisations a ON a.nom_ecrit = l.source
    LEFT JOIN socle.noms_organisations b ON b.nom_ecrit = l.cible
    LEFT JOIN socle.documents d ON d.document = l.document
    ORDER BY ALL"""


@dataclass(frozen=True)
class Lien:
    """A link between two organisations.

    Attributes:
        source, cible: codes of organisations, or names nobody recognised.
        nom_source, nom_cible, type_source, type_cible: what they are called, and what they are.
        type_lien: adhesion, mandat, capital, financement, soutien, label, signature, or the word of a relation.
        reseau: network of a membership or of a signature.
        statut: prevu, actif, passe.
        debut, fin: AAAA, AAAA-MM or AAAA-MM-JJ, None when not said.
        vu_le: date of the document, None when it carries none.
        confiance, document, citation, registre: where it comes from, and how sure it is.
    """

    source: str
    cible: str
    nom_source: str
    nom_cible: str
    type_source: str
    type_cible: str
    type_lien: str
    reseau: str | None
    statut: str
    debut: str | None
    fin: str | None
    vu_le: Any
    confiance: str
    document: str
    citation: str
    registre: str


def read_links(connexion: duckdb.DuckDBPyConnection) -> tuple[list[Lien], dict[str, int]]:
    """Read every link, in a stable order, and count by reason those that are not drawn."""
    liens, ecartes = [], {TU: 0, MASQUE: 0, BOUCLE: 0}
    for ligne in connexion.sql(_LIENS).to_arrow_table().to_pylist():
        if ligne.pop("est_tu"):
            ecartes[TU] += 1
        elif "[…]" in ligne["source"] or "[…]" in ligne["cible"]:
            ecartes[MASQUE] += 1
        elif ligne["source"] == ligne["cible"]:
            ecartes[BOUCLE] += 1
        else:
            liens.append(Lien(**ligne))
    return liens, ecartes
