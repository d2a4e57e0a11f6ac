"""What matching names reads, and the two tables it gives: each name with its identifier, and how far matching has come.

Computing them belongs to `computation`.
"""

from observatoire.schemas import ENTIER, REEL, TEXTE, Colonne, Table

LIT = (
    "socle.adhesions",
    "socle.participations",
    "socle.financements",
    "socle.subventions",
    "socle.noms_organisations",
    "socle.etiquettes_noms",
    "socle.sirene_unites_legales",
    "socle.sirene_etablissements",
    "socle.sirene_doublons",
    "socle.unites_ess",
    "socle.rna",
    "referentiels.communes",
    "referentiels.rapprochements_noms",
)

AVEC_COMMUNE, SANS_COMMUNE = SORTES = ("avec_commune", "sans_commune")
BANDES = ("certain", "a_revoir", "inconnu")
NOMS_RAPPROCHES = Table(
    "Noms tels qu'écrits et l'identifiant retenu ; restreinte, car un nom peut être celui d'une personne.",
    (
        Colonne("nom", TEXTE, "Nom, tel qu'écrit.", obligatoire=True, nominatif=True),
        Colonne("contexte", TEXTE, "Où il est écrit : source, et réseau quand c'en est un.", obligatoire=True),
        Colonne("identifiant", TEXTE, "SIREN ou numéro RNA retenu ; vide tant que rien n'est sûr, ou en conflit."),
        Colonne("origine_identifiant", TEXTE, "document, decision, automatique ; vide sans identifiant."),
        Colonne("identifiant_decide", TEXTE, "Ce qu'un service a décidé : un identifiant, ou aucun."),
        Colonne("etat_decision", TEXTE, "active, close (le document dit de même), conflit, sans_objet (nom parti)."),
        Colonne("bande", TEXTE, f"{', '.join(BANDES)}.", obligatoire=True),
        Colonne("score", REEL, "Ressemblance de la meilleure proposition, de 0 à 100."),
        Colonne("preuve", TEXTE, "Pourquoi, en une phrase.", obligatoire=True, nominatif=True),
        Colonne("nature", TEXTE, "reelle, ou demonstration quand Sirene l'est.", obligatoire=True),
    ),
    cle=("nom", "contexte"),
)
QUALITE_NOMS = Table(
    "Où en sont les rapprochements de noms, et ce que mesurent les noms étiquetés ; aucun nom n'est dit.",
    (
        Colonne("contexte", TEXTE, f"Où les noms sont écrits ; {' ou '.join(SORTES)} (mesures).", obligatoire=True),
        Colonne("constat", TEXTE, "bande, identifiant, decision, mesure.", obligatoire=True),
        Colonne("modalite", TEXTE, "Bande, origine de l'identifiant, état de la décision, mesure.", obligatoire=True),
        Colonne("nombre", ENTIER, "Noms ; pour une mesure, ceux qui sont justes.", obligatoire=True, unite="noms"),
        Colonne("sur", ENTIER, "Noms étiquetés par une personne que la mesure compte.", unite="noms"),
        Colonne("taux", REEL, "Part, pour une mesure ; vide quand rien n'est étiqueté."),
        Colonne("borne_basse", REEL, "Borne basse de l'intervalle à 95 % (Clopper-Pearson)."),
        Colonne("borne_haute", REEL, "Borne haute de l'intervalle à 95 % (Clopper-Pearson)."),
        Colonne("explication", TEXTE, "Ce que cela permet, ou ce qui manque."),
        Colonne("nature", TEXTE, "reelle, ou demonstration quand Sirene l'est.", obligatoire=True),
    ),
    cle=("contexte", "constat", "modalite"),
)
