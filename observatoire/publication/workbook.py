"""The workbook of a territory, for those who live in a spreadsheet: its indicators by theme, beside those of its peers.

Here: which rows go on which sheet, and in which words; longer ones are in `modeles/classeur.yml`. How a sheet is
written belongs to `sheets`. Everything comes from the public DuckDB file.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from observatoire.publication.french import en_clair, majuscule
from observatoire.publication.pages import document_names, read_words, words_of_codes
from observatoire.publication.sheets import LONGUEUR, Champ, Classeur, sheet_name
from observatoire.warehouse import open_published

FICHIER = "observatoire_ess.xlsx"
STATUTS = {"A": "observé", "O": "non disponible"}  # a page says the others alone
SECRETS = {"F": "publiable", "C": "supprimé (secret statistique)"}
NATURES = {"reelle": "réelle", "demonstration": "DÉMONSTRATION"}
# the places of the workbook: the EPCI, its communes, and what wholly contains them
LIEUX = """
    WITH communes AS (
        SELECT code_territoire FROM referentiels.appartenances
        WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = $1),
    lieux AS (
        SELECT 'epci' AS niveau, $1 AS code_territoire, 0 AS rang
        UNION ALL SELECT 'commune', code_territoire, 1 FROM communes
        UNION SELECT a.niveau_parent, a.code_parent, 2 FROM referentiels.appartenances a
              WHERE a.niveau_parent IN ('departement', 'region', 'france')
                AND (a.niveau = 'commune' AND a.code_territoire IN (FROM communes)
                     OR a.niveau = 'epci' AND a.code_territoire = $1))"""
Lignes = Iterable[list[Any]]


def write_workbook(duckdb: Path, dossier: Path, territoire: str) -> None:
    """Write the workbook of one EPCI in a release folder; an unknown code gives one without values."""
    libelles = read_words()
    with open_published(duckdb) as base:
        libelles["modalites"] = words_of_codes(base, libelles)
        ((release, cree_le, nature),) = base.execute("SELECT release, cree_le, nature FROM meta.release").fetchall()
        trouves = base.execute(
            "SELECT libelle FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", [territoire]
        ).fetchall()
        lieu = trouves[0][0] if trouves else territoire
        classeur = Classeur(dossier / FICHIER, nature, f"Observatoire de l'ESS, {lieu}, publication {release}", cree_le)
        classeur.sortie.set_properties(
            {
                "title": f"Observatoire de l'ESS — {lieu}"[:200],
                "subject": "DÉMONSTRATION, ne pas citer" if classeur.est_demonstration else "Indicateurs de l'ESS",
                "created": cree_le,
            }
        )
        _write(classeur, base, territoire, f"{lieu} ({territoire})", release, libelles)
    classeur.close()


def _write(
    classeur: Classeur, base: DuckDBPyConnection, code: str, lieu: str, release: str, libelles: dict[str, Any]
) -> None:
    # the first sheet is written first and lists the others: their names are settled before their rows
    themes = [theme for (theme,) in base.execute("SELECT DISTINCT theme FROM indicateurs.catalogue").fetchall()]
    ordre = [*(t for t in libelles["themes"] if t in themes), *sorted(set(themes) - set(libelles["themes"]))]
    titres = {theme: libelles["themes"].get(theme, theme.replace("_", " ").capitalize()) for theme in ordre}
    _contents(classeur, base, code, lieu, release, titres)
    for theme, titre in titres.items():
        champs = _fields(base, theme)
        imprimees = next(rang for rang, champ in enumerate(champs) if champ.titre == "Numérateur exact")
        valeurs = _values(base, code, theme, libelles)
        classeur.table(titre, champs, valeurs, decimales=len(champs) - 1, imprimees=imprimees)
    classeur.table(DEFINITIONS, CHAMPS_DEFINITIONS, _definitions(base, titres))
    classeur.table(DECLARATIONS, CHAMPS_DECLARATIONS, _declarations(base, code, libelles))
    classeur.table(SOURCES, CHAMPS_SOURCES, _sources(base, libelles))
    _notes(classeur)


DEFINITIONS, DECLARATIONS, SOURCES, NOTES = "Définitions", "Déclarations", "Sources", "Notes"


def _contents(
    classeur: Classeur, base: DuckDBPyConnection, code: str, lieu: str, release: str, titres: dict[str, str]
) -> None:
    """Write the first sheet: what the workbook is, and a link to each of the others."""
    feuille, nom = classeur.sheet("Sommaire")
    classeur.banner(feuille, f"Économie sociale et solidaire : {lieu}")
    for rang, largeur in enumerate((30, 74, 12, 84)):
        feuille.set_column(rang, rang, largeur)
    nature = "réelle"
    if classeur.est_demonstration:
        nature = "DÉMONSTRATION : une partie des données d'entrée est fabriquée ; n'en citer aucun chiffre"
    licence = (
        "voir la colonne « Licence » de chaque ligne ; ce qui repose sur l'Urssaf est sous ODbL 1.0 : une base qui en "
        "est tirée se partage sous la même licence"
    )
    rang = 2
    for quoi, dit in (("Territoire", lieu), ("Publication", release), ("Nature", nature), ("Licence", licence)):
        classeur.paragraph(feuille, rang, [(quoi, 30), (dit, 74)])
        rang += 1
    rang += 1
    for colonne, entete in enumerate(("Feuille", "Ce qu'elle contient", "Indicateurs", "Unités")):
        classeur.text(feuille, rang, colonne, entete, classeur.style(bold=True, bg_color="#E6EDF2"))
    comptes = {
        theme: (nombre, " ; ".join(unites))
        for theme, nombre, unites in base.execute("""
            SELECT theme, count(*), list(DISTINCT unite ORDER BY unite) FROM indicateurs.catalogue GROUP BY theme
            """).fetchall()
    }
    pris = [nom]
    dits = [(titre, "Valeurs de l'EPCI, de ses communes, et à comparer", *comptes[t]) for t, titre in titres.items()]
    dits += [
        (DEFINITIONS, "Définition, champ, sources, licence et ruptures de chaque indicateur", None, ""),
        (DECLARATIONS, "Chiffres que des documents déclarent, et ce que le calcul en dit", None, ""),
        (SOURCES, "Fichiers lus, leur licence, leur fraîcheur, le compte de leurs lignes", None, ""),
        (NOTES, "Comment lire le classeur, méthode et limites", None, ""),
    ]
    for titre, contenu, nombre, unites in dits:
        rang += 1
        cible = sheet_name(titre, pris)
        pris.append(cible)
        classeur.link(feuille, rang, 0, cible, cible)
        classeur.text(feuille, rang, 1, contenu)
        classeur.cell(feuille, rang, 2, nombre)
        classeur.text(feuille, rang, 3, unites)


def _units(base: DuckDBPyConnection, theme: str) -> list[str]:
    requete = "SELECT DISTINCT unite FROM indicateurs.catalogue WHERE theme = ? ORDER BY unite"
    return [unite for (unite,) in base.execute(requete, [theme]).fetchall()]


def _fields(base: DuckDBPyConnection, theme: str) -> list[Champ]:
    """Return the columns of a theme: one of values for each unit, so that a column adds up like with like."""
    unites = [
        Champ(
            f"Valeur ({unite})",
            f"Valeur des indicateurs en {unite} ; vide quand la ligne est d'une autre unité, quand la valeur est "
            "supprimée (secret) ou ne peut être calculée : voir « Observation » et « Secret ».",
            17,
        )
        for unite in _units(base, theme)
    ]
    return [
        Champ("Indicateur", "Titre ; sa définition est sur la feuille « Définitions ».", 52),
        Champ("Niveau", "EPCI, ses communes, et ce qui les contient entièrement.", 13),
        Champ("Territoire", "", 28),
        Champ("Code", "Code Insee ou SIREN, en texte : ses zéros comptent.", 12),
        Champ("Période", "Année ou date dont parle la valeur.", 11),
        Champ("Ventilation", "Ce selon quoi la valeur est détaillée ; « total » : elle ne l'est pas.", 20),
        Champ("Modalité", "La part du détail dont parle la ligne.", 32),
        *unites,
        Champ("Borne basse (unité de la ligne)", "D'une valeur estimée, ou d'un rang qui n'est pas sûr."),
        Champ("Borne haute (unité de la ligne)", "D'une valeur estimée, ou d'un rang qui n'est pas sûr."),
        Champ("Unité de la ligne", "", 16),
        Champ("Observation", "Observé, estimé, provisoire, rupture de série ou non disponible.", 16),
        Champ("Secret", "Une valeur supprimée garde sa ligne ; aucun de ses chiffres n'est donné.", 22),
        Champ("Nature", "DÉMONSTRATION dès qu'une donnée d'entrée est fabriquée.", 17),
        Champ("Numérateur exact", "Somme ou compte au numérateur ; un montant est au centime.", 18, 2),
        Champ("Dénominateur exact", "Vide quand l'indicateur n'est pas un rapport.", 18, 2),
        Champ("Période du dénominateur", "", 14),
        Champ("Sources", "", 44),
        Champ("Licence", "Licences des sources de l'indicateur.", 32),
        Champ("Décimales", "Décimales à afficher ; les cellules gardent toutes les leurs.", 10),
    ]


def _values(base: DuckDBPyConnection, code: str, theme: str, libelles: dict[str, Any]) -> Lignes:
    """Read the values of a theme for the places of the workbook, in the order of its columns."""
    unites = _units(base, theme)
    statuts = libelles["statuts"] | STATUTS
    resultat = base.execute(
        f"""{LIEUX}
        SELECT c.titre, v.niveau, v.libelle_territoire, v.code_territoire, v.periode, v.axe, v.modalite, v.valeur,
               v.borne_basse, v.borne_haute, v.unite, v.numerateur, v.denominateur, v.periode_denominateur,
               v.statut_observation, v.statut_confidentialite, v.nature, c.sources, c.licence, c.decimales
        FROM indicateurs.valeurs v JOIN lieux USING (niveau, code_territoire) JOIN indicateurs.catalogue c
            USING (indicateur)
        WHERE c.theme = $2
        ORDER BY c.est_derive, c.mesure_denominateur IS NOT NULL, c.titre, v.indicateur, lieux.rang, v.niveau,
                 v.libelle_territoire, v.axe <> 'total', v.axe, v.periode, v.modalite""",
        [code, theme],
    )
    while lot := resultat.fetchmany(2000):
        for titre, niveau, lieu, lieu_code, periode, axe, modalite, valeur, bas, haut, unite, *suite in lot:
            haut_de, bas_de, periode_bas, statut, secret, nature, sources, licence, decimales = suite
            yield [
                titre,
                majuscule(libelles["niveaux"].get(niveau, niveau)),
                lieu,
                lieu_code,
                periode,
                " × ".join(libelles["axes"].get(nom, nom.replace("_", " ")) for nom in axe.split("×")),
                _modality(axe, modalite, libelles),
                *(valeur if unite == nom else None for nom in unites),
                bas,
                haut,
                unite,
                statuts.get(statut, statut),
                SECRETS.get(secret, secret),
                NATURES.get(nature, nature),
                haut_de,
                bas_de,
                periode_bas,
                sources,
                licence,
                decimales,
            ]


def _modality(axe: str, modalite: str, libelles: dict[str, Any]) -> str:
    noms, parts = axe.split("×"), modalite.split("|")
    if len(noms) != len(parts):
        return modalite
    return " × ".join(
        f"{part} : {dit}" if (dit := libelles["modalites"].get(nom, {}).get(part)) else part
        for nom, part in zip(noms, parts, strict=True)
    )


CHAMPS_DEFINITIONS = [
    Champ("Indicateur", "", 52),
    Champ("Thème", "", 22),
    Champ("Unité", "", 18),
    Champ("Définition", "", 60),
    Champ("Champ", "Ce qui est couvert, ce qui est exclu.", 60),
    Champ("Numérateur", "", 44),
    Champ("Dénominateur", "", 44),
    Champ("Sources", "", 44),
    Champ("Licence", "", 32),
    Champ("Ce que demande la licence", "", 44),
    Champ("Ruptures de série", "", 44),
    Champ("Nature", "", 17),
    Champ("Nom dans la base", "Clé de indicateurs.valeurs et de indicateurs.catalogue.", 40),
]


def _definitions(base: DuckDBPyConnection, titres: dict[str, str]) -> Lignes:
    requete = """
        SELECT titre, theme, unite, definition, champ, libelle_numerateur, libelle_denominateur, sources, licence,
               reutilisation, ruptures, nature, indicateur FROM indicateurs.catalogue ORDER BY titre, indicateur"""
    for titre, theme, *milieu, nature, nom in base.execute(requete).fetchall():
        yield [titre, titres.get(theme, theme), *(dit or None for dit in milieu), NATURES.get(nature, nature), nom]


CHAMPS_DECLARATIONS = [
    Champ("Document", "", 26),
    Champ("Date", "", 12),
    Champ("Citation", "Le texte même du document ; les personnes y sont remplacées par […].", 60),
    Champ("Grandeur", "", 30),
    Champ("Niveau", "", 13),
    Champ("Territoire", "", 28),
    Champ("Code", "", 12),
    Champ("Période", "", 11),
    Champ("Valeur déclarée (unité de la ligne)", "", 16),
    Champ("Borne basse déclarée (unité de la ligne)", "", 16),
    Champ("Borne haute déclarée (unité de la ligne)", "", 16),
    Champ("Valeur calculée (unité de la ligne)", "Ce que l'observatoire calcule pour la même grandeur.", 16),
    Champ("Unité de la ligne", "", 18),
    Champ("Verdict", "", 16),
    Champ("Explication", "", 60),
    Champ("Nature", "", 17),
]


def _declarations(base: DuckDBPyConnection, code: str, libelles: dict[str, Any]) -> Lignes:
    """Read what documents declare of the EPCI and its communes, and the verdicts."""
    requete = f"""{LIEUX}
        SELECT d.document, d.date, d.citation, d.grandeur, d.niveau, t.libelle, d.code_territoire, d.periode, d.valeur,
               d.borne_basse, d.borne_haute, d.valeur_calculee, d.unite, d.verdict, d.explication, d.nature
        FROM qualite.declarations d JOIN lieux USING (niveau, code_territoire)
        LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
        WHERE lieux.rang < 2 ORDER BY d.date, d.document, d._fichier, d._ligne"""
    documents, grandeurs = document_names(base), libelles["grandeurs"]
    for document, date, citation, grandeur, *suite in base.execute(requete, [code]).fetchall():
        niveau, lieu, lieu_code, periode, v, bas, haut, calculee, unite, verdict, dit, nature = suite
        debut = [documents.get(document, document), date, citation, en_clair(grandeur, grandeurs)]
        juge = libelles["verdicts"].get(verdict, verdict)
        dit_niveau = majuscule(libelles["niveaux"].get(niveau, niveau))
        lu = [dit_niveau, lieu, lieu_code, periode, v, bas, haut, calculee, unite]
        yield [*debut, *lu, juge, dit and en_clair(dit, grandeurs), NATURES.get(nature, nature)]


CHAMPS_SOURCES = [
    Champ("Source", "", 44),
    Champ("Fichier", "", 44),
    Champ("Producteur", "", 40),
    Champ("Licence", "", 32),
    Champ("Nature", "", 17),
    Champ("Millésime", "", 14),
    Champ("Obtenu le", "", 12),
    Champ("Lignes lues (nombre)", "Lues = retenues + hors champ + refusées."),
    Champ("Lignes retenues (nombre)"),
    Champ("Lignes hors champ (nombre)", "Écartées par une règle de champ déclarée."),
    Champ("Lignes refusées (nombre)", "Chacune, et pourquoi : table qualite.rejets."),
    Champ("État", "", 22),
    Champ("Périmé le", "", 12),
    Champ("Motif", "", 60),
]


def _sources(base: DuckDBPyConnection, libelles: dict[str, Any]) -> Lignes:
    requete = """
        SELECT titre, fichier, producteur, licence, nature, millesime, obtenu_le, lignes_lues, lignes_retenues,
               lignes_hors_champ, lignes_rejetees, etat, perime_le, motif
        FROM qualite.sources ORDER BY titre, source, fichier"""
    for *debut, nature, millesime, obtenu, lues, gardees, hors, rejetees, etat, perime, motif in base.execute(
        requete
    ).fetchall():
        comptes = [millesime or None, obtenu, lues, gardees, hors, rejetees]
        yield [*debut, NATURES.get(nature, nature), *comptes, libelles["etats"].get(etat, etat), perime, motif]


def _notes(classeur: Classeur) -> None:
    """Write how to read the workbook, its limits, and what had to be changed of the texts."""
    feuille, _ = classeur.sheet(NOTES)
    classeur.banner(feuille, NOTES)
    feuille.set_column(0, 0, 30)
    feuille.set_column(1, 1, 110)
    mots = read_words("classeur.yml")
    dites = list(mots["notes"].items())
    if classeur.est_demonstration:
        dites.insert(0, ("DÉMONSTRATION", mots["demonstration"]))
    ecrits = classeur.ecrits
    dites.append(
        (
            "Textes adaptés",
            f"{ecrits.coupes} coupés à {LONGUEUR} caractères, limite d'une cellule ; {ecrits.nettoyes} dont un "
            "caractère illisible pour un tableur est remplacé par « \ufffd ». Ils sont entiers dans les fichiers CSV.",
        )
    )
    for rang, (quoi, dit) in enumerate(dites, start=2):
        classeur.paragraph(feuille, rang, [(quoi, 30), (dit, 110)])
