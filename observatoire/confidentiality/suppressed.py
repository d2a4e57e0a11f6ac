"""What is suppressed, as a table: its declaration, the measures and releases it is about, its version.

Choosing what to suppress belongs to `suppressions`, which this never imports: it takes solvers to load.
"""

import json
from pathlib import Path

from observatoire.derived import versions_of
from observatoire.fingerprints import code_owed
from observatoire.indicators.catalog import Mesure, indicateurs, mesures
from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.warehouse import Entrepot, fingerprint

CALCUL = "observatoire.confidentiality.suppressions"
# what they are computed from, with the protected measures, which the cube reads
LISENT = ("indicateurs.cube", "referentiels.appartenances", "referentiels.territoires")
SUPPRESSIONS = Table(
    "Cellules des mesures protégées dont rien n'est publié (diffusion restreinte). Règles, suppression secondaire, "
    "puis un attaquant qui les éprouve.",
    (
        Colonne("mesure", TEXTE, "Mesure."),
        Colonne("niveau", TEXTE, "Niveau du territoire."),
        Colonne("code_territoire", TEXTE, "Code du territoire."),
        Colonne("periode", TEXTE, "Période."),
        Colonne("axe", TEXTE, "Ventilation."),
        Colonne("modalite", TEXTE, "Modalité."),
        Colonne("raison", TEXTE, "Règle qui la rend confidentielle, ou « protège une autre cellule »."),
    ),
    cle=("mesure", "niveau", "code_territoire", "periode", "axe", "modalite"),
)


def protected_measures(entrepot: Entrepot) -> list[Mesure]:
    """Return the protected measures that indicators publish and that have contributions."""
    publiees = {
        terme.mesure for i in indicateurs().values() for terme in (i.numerateur, i.denominateur) if terme is not None
    }
    return [
        mesure
        for nom, mesure in mesures().items()
        if mesure.est_protegee
        and nom in publiees
        and entrepot.path_of("mesures", nom).exists()
        and entrepot.count_rows("mesures", nom)
    ]


def kept_releases(entrepot: Entrepot) -> list[Path]:
    """List the files of the kept releases, oldest first."""
    return sorted((entrepot.racine / "releases").glob("[!.]*/observatoire.duckdb"))


def suppressions_depend_on(entrepot: Entrepot) -> tuple[str, ...]:
    """Return the tables that can change the suppressions: without a protected measure, its coming alone can."""
    a_venir = tuple(f"mesures.{nom}" for nom, mesure in mesures().items() if mesure.est_protegee)
    return LISENT if protected_measures(entrepot) else a_venir


def suppressions_base(entrepot: Entrepot) -> str:
    """Hash what the suppressions rest on apart from kept releases: the cube, the protected measures, the code."""
    protegees = protected_measures(entrepot)
    lues = versions_of(entrepot, LISENT) if protegees else {}
    code = code_owed(CALCUL, "confidentiality/tau_process.py")
    return fingerprint(lues, [mesure.requete for mesure in protegees], code)


def known_releases(entrepot: Entrepot) -> list[str]:
    """Name the kept releases the suppressions are computed with: those the table in place knew, when it still holds.

    It holds when none came that shows anything else: a release made of this very table tells nothing more than it, and
    one that is retracted or forgotten leaves figures that were known all the same.
    """
    if not protected_measures(entrepot):
        return []
    dit = entrepot.metadata("indicateurs", "suppressions") or {}
    base = suppressions_base(entrepot)
    connues = dit.get("publications", []) if dit.get("base") == base else []
    gardees = [chemin.parent for chemin in kept_releases(entrepot)]
    nouvelles = [ici for ici in gardees if ici.name not in connues and _base_of(ici) != base]
    return [ici.name for ici in gardees] if nouvelles or dit.get("base") != base else list(connues)


def _base_of(release: Path) -> str | None:
    """Return the base of the suppressions a release was made of; none is said by those of older versions."""
    manifeste = release / "manifest.json"
    return json.loads(manifeste.read_text(encoding="utf-8")).get("secret") if manifeste.exists() else None


def suppressions_version(entrepot: Entrepot) -> str:
    """Return the version of the suppressions, from what they rest on and the kept releases they are computed with."""
    return fingerprint(suppressions_base(entrepot), known_releases(entrepot))
