"""The tables of the graph: their declarations, and their version. Measuring it belongs to `structure`."""

from observatoire.fingerprints import code_owed
from observatoire.schemas import BOOLEEN, DATE, ENTIER, REEL, TEXTE, Colonne, Table
from observatoire.warehouse import fingerprint

CALCUL = "observatoire.graph.structure"

LIENS = Table(
    "Liens entre organismes, chacun avec les mots d'un document.",
    (
        Colonne("lien", ENTIER, "Numéro du lien dans cette publication.", obligatoire=True),
        Colonne("source", TEXTE, "Premier organisme : son code, ou son nom quand personne ne l'a reconnu."),
        Colonne("cible", TEXTE, "Second organisme, de même."),
        Colonne("nom_source", TEXTE, "Nom du premier organisme."),
        Colonne("nom_cible", TEXTE, "Nom du second organisme."),
        Colonne("type_lien", TEXTE, "adhesion, mandat, capital, financement, soutien, label, signature, ou relation."),
        Colonne("reseau", TEXTE, "Réseau d'une adhésion ou d'une signature."),
        Colonne("statut", TEXTE, "prevu, actif, passe."),
        Colonne("debut", TEXTE, "Début, aussi précis que le document ; vide quand il n'est pas dit."),
        Colonne("fin", TEXTE, "Fin ; vide tant qu'il dure ou n'est pas dite."),
        Colonne("vu_le", DATE, "Date du document qui le dit ; vide quand il n'en porte pas."),
        Colonne("document", TEXTE, "Document."),
        Colonne("citation", TEXTE, "Mots du document, personnes masquées par « […] »."),
        Colonne("confiance", TEXTE, "forte, moyenne, faible."),
        Colonne("registre", TEXTE, "Table du socle d'où vient le lien."),
        Colonne("est_mesure", BOOLEEN, "Actif et sans fin connue : compté dans les mesures du graphe."),
        Colonne("est_pont", BOOLEEN, "Sans lui ni ceux qui le doublent, deux parties du graphe se séparent."),
    ),
    cle=("lien",),
)
NOEUDS = Table(
    "Organismes du graphe et leur place, sur les liens actifs.",
    (
        Colonne("noeud", TEXTE, "Organisme : son code, ou son nom quand personne ne l'a reconnu.", obligatoire=True),
        Colonne("nom", TEXTE, "Nom."),
        Colonne("type_organisation", TEXTE, "Type d'organisme, ou inconnu."),
        Colonne("voisins", ENTIER, "Organismes auxquels il est lié.", unite="organismes"),
        Colonne("liens", ENTIER, "Liens, tous statuts.", unite="liens"),
        Colonne("intermediarite", REEL, "Part des plus courts chemins entre deux autres qui passent par lui."),
        Colonne("composante", ENTIER, "Numéro de son ensemble d'un seul tenant, du plus grand au plus petit."),
        Colonne("taille_composante", ENTIER, "Organismes de cet ensemble.", unite="organismes"),
        Colonne("est_articulation", BOOLEEN, "Son départ sépare des organismes qu'il relie."),
    ),
    cle=("noeud",),
)
RUPTURES = Table(
    "Ce qui se sépare si un organisme s'en va.",
    (
        Colonne("noeud", TEXTE, "Organisme qui s'en va.", obligatoire=True),
        Colonne("nom", TEXTE, "Nom."),
        Colonne("composantes_avant", ENTIER, "Ensembles d'un seul tenant avant."),
        Colonne("composantes_apres", ENTIER, "Ensembles d'un seul tenant après."),
        Colonne("taille_principale_apres", ENTIER, "Organismes du plus grand ensemble, après.", unite="organismes"),
        Colonne("isoles", ENTIER, "Organismes qui n'ont plus aucun lien actif.", unite="organismes"),
        Colonne("detaches", ENTIER, "Organismes de son ensemble qui quittent la plus grande part.", unite="organismes"),
    ),
    cle=("noeud",),
)
EVOLUTION = Table(
    "Liens datés d'une année à la suivante.",
    (
        Colonne("annee", ENTIER, "Année, au 31 décembre.", obligatoire=True),
        Colonne("presents", ENTIER, "Liens datés présents au 31 décembre.", unite="liens"),
        Colonne("apparus", ENTIER, "Apparus depuis le 31 décembre précédent.", unite="liens"),
        Colonne("disparus", ENTIER, "Disparus depuis le 31 décembre précédent.", unite="liens"),
        Colonne("non_dates", ENTIER, "Liens sans début connu : dans aucune année.", unite="liens"),
    ),
    cle=("annee",),
)
ECARTES = Table(
    "Liens comptés, jamais dessinés.",
    (
        Colonne("motif", TEXTE, "Pourquoi.", obligatoire=True),
        Colonne("liens", ENTIER, "Liens.", unite="liens"),
    ),
    cle=("motif",),
)
TABLES = {
    "graphe_liens": LIENS,
    "graphe_noeuds": NOEUDS,
    "graphe_ruptures": RUPTURES,
    "graphe_evolution": EVOLUTION,
    "graphe_ecartes": ECARTES,
}


def graph_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the graph, from the registers it reads and how it is measured."""
    return fingerprint(entrees, code_owed(CALCUL))
