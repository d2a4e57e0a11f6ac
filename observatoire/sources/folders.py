"""The folders of `raw/` that people fill: what goes there, and an empty table to start from, as declared.

`python -m observatoire.sources.folders` writes them again once a declaration changed; a test says when to.
"""

from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE, Colonne
from observatoire.settings import Settings
from observatoire.sources import Source, sources

LISEZMOI, MODELE = "LISEZMOI.md", "MODELE.csv"
SORTES = {TEXTE: "texte", ENTIER: "nombre entier", BOOLEEN: "oui ou non", DATE: "date (AAAA-MM-JJ)"}


def fed_by_people() -> list[Source]:
    """Return the sources whose files people bring: those that have no embedded file."""
    return [source for source in sources().values() if source.embarque is None]


def expected_columns(source: Source) -> list[Colonne]:
    """Return the columns a file of the source may have: what is computed is never looked for there."""
    return [colonne for colonne in source.table.colonnes if not colonne.calculee]


def header_of(colonne: Colonne) -> str:
    """Return the header a file carries for a column: the producer's own where there is one."""
    return colonne.en_tetes[0] if colonne.en_tetes else colonne.nom


def template_of(source: Source) -> str | None:
    """Return an empty table of the source; None where files are downloaded, or too particular to be typed."""
    if source.fichier or source.demonstration or source.volumineuse:
        return None
    return ";".join(header_of(colonne) for colonne in expected_columns(source)) + "\n"


def readme_of(source: Source) -> str:
    """Write, in French, what the folder of a source waits for."""
    lignes = [f"# {source.titre}", "", " ".join(source.description.split()), ""]
    if source.diffusion == "restreinte":
        lignes += [
            "**DONNÉES RESTREINTES.** Ne les déposer que si votre service y est habilité, sur un poste qui l'est ; "
            "ce dossier se ferme aux autres comptes de la machine. Rien n'en est publié sans protection "
            "(`docs/secret.md`).",
            "",
        ]
    aide = source.aide or f"déposer un fichier dans raw/{source.nom}/, puis relancer"
    lignes += [
        "| | |",
        "|---|---|",
        f"| producteur | {source.producteur} |",
        f"| licence | {source.licence} |",
        *([f"| adresse | {source.url} |"] if source.url else []),
        f"| cadence | {source.cadence or 'quand il y a du nouveau'} |",
        f"| quoi faire | {aide} |",
        "",
    ]
    if template_of(source) is not None:
        lignes += [f"`{MODELE}` est une table vide à recopier sous un autre nom : lui-même n'est jamais lu.", ""]
    lignes += [
        f"Avant de déposer, `.venv/bin/observatoire essayer {source.nom} <fichier>` dit ce qui serait lu, retenu,",
        "refusé et pourquoi. À côté du fichier, `<fichier>.origine.yml` dit d'où il vient (`raw/README.md`).",
        "",
        "| colonne | présence | ce que c'est |",
        "|---|---|---|",
        *(_row(colonne) for colonne in expected_columns(source)),
    ]
    return "\n".join(lignes) + "\n"


def _row(colonne: Colonne) -> str:
    presence = "colonne obligatoire" if colonne.requise else "facultative"
    if colonne.obligatoire:
        presence = "obligatoire à chaque ligne"
    unite = f", en {colonne.unite}" if colonne.unite else ""
    dite = f"{colonne.description} ({SORTES.get(colonne.type, 'nombre')}{unite})"
    dite = dite.replace("|", "\\|")
    return f"| `{header_of(colonne)}` | {presence} | {dite} |"


def write_folders(settings: Settings) -> None:
    """Write both files in the folder of each source that people feed."""
    for source in fed_by_people():
        dossier = settings.raw / source.nom
        dossier.mkdir(parents=True, exist_ok=True)
        (dossier / LISEZMOI).write_text(readme_of(source), encoding="utf-8")
        if (modele := template_of(source)) is not None:
            (dossier / MODELE).write_text(modele, encoding="utf-8")


if __name__ == "__main__":
    write_folders(Settings.from_environment())
