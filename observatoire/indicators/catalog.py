"""What the observatory is made of: derived tables, measures and indicators, found in their files; and what reads what.

Computing any of it does not belong here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from observatoire.declarations import FERMEE, Texte, declared, read_utf8, read_yaml
from observatoire.estimation.tables import CALEES_SUR, GRANDEURS, LUES
from observatoire.indicators.comparison import Chiffre, comparable
from observatoire.indicators.measure_headers import check_common_part, read_headers
from observatoire.indicators.measure_reads import tables_read
from observatoire.indicators.row_joins import source_of_lines
from observatoire.levels import Niveau
from observatoire.obstacle import Obstacle
from observatoire.socle.registry import CALCULEES, derivees, gather, sources_of
from observatoire.sources import Source, sources

RACINE = Path(__file__).parent.parent
Agregat = Literal[
    "somme",
    "nombre_unites",
    "nombre_repondants",
    "plus_gros_repondant",
    "mediane_unites",
    "mediane_repondants",
    "top10_repondants",
    "herfindahl",
]
# the others say something of one respondent, or of a few
AGREGATS_PROTEGES = ("somme", "nombre_unites", "nombre_repondants")
CROISEMENT = "×"


@dataclass(frozen=True)
class Mesure:
    """A measure: a SELECT that returns contributions.

    Attributes:
        nom: name of the file.
        description: its leading comment, in French.
        requete: the SELECT.
        lit: tables it reads, `schema.table`, found in the SQL itself.
        unite, champ: what it counts and of whom, in the field's words (comment lines `-- unité : …`, `-- champ : …`);
            two figures whose words differ are not comparable, and do not make a share.
        perimetre: definition of the ESS it counts (`-- périmètre : …`), empty when it counts everybody.
        diffusion: `libre`; where it reads a restricted source, `protegee` (`-- diffusion : protegee`), or `producteur`
            when the source says that its producer already protected its cells: one without a value stays suppressed.
        salaries: for a payroll, the measure that counts its employees (`-- salariés : …`).
        plus_gros_salaire: for a payroll, the measure of the largest single pay (`-- plus gros salaire : …`).
        producteur: who publishes what is counted, where other sources only choose among it (`-- producteur : …`).
        lignes: how a contribution `c` leads to the rows `l` of a source, as what follows JOIN (`-- lignes : socle.x l
            ON l.siret = c.unite`); the first says the rows it counts, the others what else it rests on.
        valeur_ligne: what each of these rows counts for, where a contribution has several (`-- valeur d'une ligne :
            …`); the first of them stands for the whole otherwise.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    nom: str
    description: str
    requete: str
    lit: tuple[str, ...]
    unite: Texte = ""
    champ: Texte = ""
    perimetre: Texte = ""
    diffusion: Literal["libre", "protegee", "producteur"] = "libre"
    salaries: Texte = ""
    plus_gros_salaire: Texte = ""
    producteur: Texte = ""
    lignes: tuple[Texte, ...] = ()
    valeur_ligne: Texte = ""

    @property
    def est_protegee(self) -> bool:
        """Whether nothing of it is published before confidentiality is applied."""
        return self.diffusion == "protegee"


@dataclass(frozen=True)
class Terme:
    """A term of an indicator: an aggregate of a measure, and how it is matched when it is a denominator."""

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    mesure: Texte
    agregat: Agregat = "somme"
    modalite: Literal["meme", "total"] = "meme"
    periode: Literal["meme", "derniere_connue"] = "meme"


@dataclass(frozen=True)
class Derive:
    """A second pass over another indicator.

    Attributes:
        type: `specialisation` (its value over that of a larger territory), or `rang`.
        indicateur: the indicator it is computed from, which derives from no other.
        reference: level of the larger territory, France when it is not said (`specialisation`).
        parmi: `comparables`, the EPCI of `referentiels.comparables`; all of the level when it is not said (`rang`).
    """

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    type: Literal["specialisation", "rang"]
    indicateur: Texte
    reference: Niveau | None = None
    parmi: Literal["comparables"] | None = None


@dataclass(frozen=True)
class Indicateur:
    """An entry of `indicators.yml`.

    Attributes:
        nom: its key.
        titre, unite, definition, champ: what is published with every value, in French.
        theme: part of the portrait.
        numerateur, denominateur: its terms; a ratio has both.
        facteur: 100 for a percentage.
        axes: breakdowns kept; all of them when empty.
        estimation: in place of a numerator, what is estimated (a `grandeur` of `indicateurs.estimations`).
        derive: in place of a numerator, a second pass over another indicator.
        decimales: digits shown.
        statut: SDMX status of its observed values.
        rupture: breakdown of the numerator whose modalities, where none remains from one period to the next, break the
            series: the values of that period are `B`.
        deduit: breakdown of the numerator that says what was deduced: where it has the modality `deduit`, the values of
            that place and period are `E`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    nom: str
    titre: Texte
    unite: Texte
    definition: Texte
    champ: Texte
    theme: Texte
    numerateur: Terme | None = None
    denominateur: Terme | None = None
    estimation: Texte | None = None
    facteur: Annotated[int, Field(ge=1)] = 1
    axes: tuple[Texte, ...] = ()
    derive: Derive | None = None
    decimales: Annotated[int, Field(ge=0, le=6)] = 0
    statut: Literal["A", "E", "P"] = "A"
    rupture: str = ""
    deduit: str = ""


@cache
def mesures() -> dict[str, Mesure]:
    """Return the measures by name.

    Raises:
        Obstacle: a file that is not UTF-8, a comment or a query that `measure_headers` or `measure_reads` refuses, a
            table nobody declares; a `lignes` header that names the rows of no source.
    """
    connues = {f"{source.schema_public or 'socle'}.{source.nom}" for source in sources().values()}
    connues |= {*derivees(), *CALCULEES}
    parties = _common_parts()
    lues_par = {nom: tables_read(partie, f"measures/{nom.replace('.', '/')}.sql") for nom, partie in parties.items()}
    trouvees = {}
    for chemin in sorted((RACINE / "measures").glob("*.sql")):
        ou = f"measures/{chemin.name}"
        texte = read_utf8(chemin, ou)
        description, entetes = read_headers(texte, ou)
        lit = {table for nommee in tables_read(texte, ou) for table in lues_par.get(nommee, {nommee})}
        if inconnues := sorted((lit | _joined(entetes, ou)) - connues):
            raise Obstacle(
                f"{ou} lit {', '.join(inconnues)}, que rien ne déclare : écrire socle.<table> ou "
                "referentiels.<table>, et vérifier le nom."
            )
        try:
            for jointure in entetes.get("lignes", ()):
                source_of_lines(jointure)
        except ValueError as erreur:
            raise Obstacle(f"{ou} : {erreur}") from erreur
        for partie, commune in parties.items():
            texte = f"(\n{commune.rstrip()}\n)".join(re.split(rf"\b{re.escape(partie)}\b", texte))
        donnees = {"nom": chemin.stem, "description": description, "requete": texte, "lit": sorted(lit)}
        trouvees[chemin.stem] = declared(Mesure, entetes, ou, **donnees)
    _check_diffusion(trouvees)
    return trouvees


def _common_parts() -> dict[str, str]:
    """Return what measures share: `communs.<part>`, which they read, is `measures/communs/<part>.sql`."""
    parties = {}
    for chemin in sorted((RACINE / "measures" / "communs").glob("*.sql")):
        ou = f"measures/communs/{chemin.name}"
        parties[f"communs.{chemin.stem}"] = read_utf8(chemin, ou)
        check_common_part(parties[f"communs.{chemin.stem}"], ou)
    return parties


def _joined(entetes: dict[str, Any], ou: str) -> set[str]:
    """Return the tables that lead to the rows of a contribution: they are read when a figure unfolds."""
    valeur = entetes.get("valeur_ligne") or "1"
    jointures = (f"SELECT {valeur} FROM contributions c JOIN {jointure}" for jointure in entetes.get("lignes", ()))
    return {table for requete in jointures for table in tables_read(requete, f"{ou}, « lignes »")} - {"contributions"}


def _check_diffusion(trouvees: dict[str, Mesure]) -> None:
    """Refuse what would publish a restricted source without protecting it."""
    for nom, derivee in derivees().items():
        if derivee.publiee and (lues := _restricted([nom])):
            raise Obstacle(
                f"{nom} est publiée et lit {lues}, de diffusion restreinte : publiee=False, ou ne pas la lire."
            )
    for mesure in trouvees.values():
        ou = f"measures/{mesure.nom}.sql"
        lit = {*mesure.lit, *_joined({"lignes": mesure.lignes, "valeur_ligne": mesure.valeur_ligne}, ou)}
        if mesure.diffusion == "libre" and (lues := _restricted(lit)):
            raise Obstacle(
                f"{ou} lit {lues}, de diffusion restreinte : écrire « -- diffusion : protegee » en tête de la mesure."
            )
        if mesure.diffusion == "producteur" and (lues := _restricted(lit, sauf_protegees=True)):
            raise Obstacle(
                f"{ou} lit {lues}, que son producteur n'a pas protégée : écrire « -- diffusion : protegee », ou "
                "protegee_par_producteur: true dans le source.yml d'une table reçue déjà protégée."
            )
        for jointe in filter(None, (mesure.salaries, mesure.plus_gros_salaire)):
            if jointe not in trouvees:
                raise Obstacle(f"{ou} nomme la mesure « {jointe} », qui n'existe pas dans measures/.")


def _restricted(tables: Iterable[str], sauf_protegees: bool = False) -> str:
    """Name the restricted sources among tables and what they are computed from; or those no producer protected."""
    nommees = {
        source.nom
        for source in sources().values()
        if source.diffusion == "restreinte" and not (sauf_protegees and source.protegee_par_producteur)
    }
    a_voir, vues = list(tables), set()
    while a_voir:
        table = a_voir.pop()
        vues.add(table.split(".")[1])
        a_voir += derivees()[table].lit if table in derivees() else CALCULEES.get(table, ())
    return ", ".join(sorted(nommees & vues))


@cache
def indicateurs() -> dict[str, Indicateur]:
    """Return the indicators by name.

    Raises:
        Obstacle: an entry that says what `Indicateur` does not, names an unknown measure or indicator, or lacks a key.
    """
    entrees = read_yaml(RACINE / "indicators.yml", "indicators.yml")
    if not isinstance(entrees, dict):
        raise Obstacle("indicators.yml : attendu : une entrée par indicateur, « nom: » puis ses clés en retrait.")
    trouves = {
        str(nom): declared(Indicateur, entree, f"indicators.yml, « {nom} »", nom=str(nom))
        for nom, entree in entrees.items()
    }
    for indicateur in trouves.values():
        _check(indicateur, trouves)
    return trouves


def _check(indicateur: Indicateur, tous: dict[str, Indicateur]) -> None:
    ou = f"indicators.yml, « {indicateur.nom} »"
    if sum(terme is not None for terme in (indicateur.numerateur, indicateur.estimation, indicateur.derive)) != 1:
        raise Obstacle(f"{ou} : un numerateur, une estimation ou un derive, un seul des trois.")
    if indicateur.estimation is not None and indicateur.estimation not in GRANDEURS:
        raise Obstacle(f"{ou} : estimation « {indicateur.estimation} » inconnue ({', '.join(GRANDEURS)}).")
    for terme in (indicateur.numerateur, indicateur.denominateur):
        if terme is None:
            continue
        if terme.mesure not in mesures():
            raise Obstacle(f"{ou} : la mesure « {terme.mesure} » n'existe pas dans measures/.")
        if mesures()[terme.mesure].est_protegee and terme.agregat not in AGREGATS_PROTEGES:
            raise Obstacle(
                f"{ou} : l'agrégat « {terme.agregat} » de la mesure protégée « {terme.mesure} » trahirait un répondant "
                f"(permis : {', '.join(AGREGATS_PROTEGES)})."
            )
    if reproche := _no_share(indicateur):
        raise Obstacle(f"{ou} : une part a deux termes comparables ; {reproche}.")
    if indicateur.derive is not None:
        base, sorte = tous.get(indicateur.derive.indicateur), indicateur.derive.type
        if base is None or base.derive is not None:
            raise Obstacle(f"{ou} : derive demande un indicateur existant, qui ne dérive pas lui-même.")
        if sorte == "rang" and indicateur.derive.reference or sorte == "specialisation" and indicateur.derive.parmi:
            raise Obstacle(f"{ou} : derive : une specialisation a une reference, un rang dit parmi qui.")


def _no_share(indicateur: Indicateur) -> str | None:
    """Say why a percentage is no share: its terms are not of one unit, scope, producer and period."""
    haut, bas = indicateur.numerateur, indicateur.denominateur
    if indicateur.unite != "%" or bas is None or (haut is not None and haut.mesure == bas.mesure):
        return None
    if bas.periode != "meme":
        return "le dénominateur est d'une autre période (écrire periode: meme)"
    if haut is not None and not mesures()[haut.mesure].producteur:
        # two tables of one producer differ by definition: only an estimate, which has a tolerance, may cross them, or a
        # part that says itself whose rows it counts
        dessus, dessous = (", ".join(_counted(mesures()[terme.mesure])) for terme in (haut, bas))
        if dessus != dessous:
            return f"deux tables ({dessus} ; {dessous})"
    return comparable(replace(figure_of_indicator(indicateur), denominateur=None), figure_of(mesures()[bas.mesure]))


def figure_of(mesure: Mesure) -> Chiffre:
    """Return what a measure counts, as `comparison` asks it."""
    comptees = _counted(mesure).values()
    producteurs = frozenset(source.producteur for source in comptees)
    return Chiffre(
        unite=mesure.unite,
        champ=mesure.champ,
        producteurs=frozenset([mesure.producteur]) if mesure.producteur else producteurs,
        perimetre=mesure.perimetre,
        ruptures=tuple(sorted({source.ruptures for source in comptees} - {""})),
    )


def _counted(mesure: Mesure) -> dict[str, Source]:
    """Return the sources whose rows a measure counts: neither references, nor what only adds."""
    lues = sources_of_measure(mesure)
    return {source.nom: source for source in lues if source.famille != "references" and not source.facultative}


def figure_of_indicator(indicateur: Indicateur) -> Chiffre:
    """Return what the numerator of an indicator counts, and its denominator; an estimate, what it is calibrated on."""
    if indicateur.derive is not None:
        return figure_of_indicator(indicateurs()[indicateur.derive.indicateur])
    estimee, bas = indicateur.estimation, indicateur.denominateur
    chiffre = figure_of(mesures()[CALEES_SUR[estimee]] if estimee is not None else measures_of(indicateur)[0])
    return chiffre if bas is None else replace(chiffre, denominateur=figure_of(mesures()[bas.mesure]))




def sources_of_measure(mesure: Mesure) -> tuple[Source, ...]:
    """Return the sources a measure rests on."""
    return gather(source for table in mesure.lit for source in sources_of(table))




def is_estimated(indicateur: Indicateur) -> bool:
    """Say whether an indicator rests on estimates, through the one it derives from."""
    if indicateur.derive is not None:
        return is_estimated(indicateurs()[indicateur.derive.indicateur])
    return indicateur.estimation is not None


def sources_of_indicator(indicateur: Indicateur) -> tuple[Source, ...]:
    """Return the sources an indicator rests on, those of its estimates included."""
    des_mesures = [source for mesure in measures_of(indicateur) for source in sources_of_measure(mesure)]
    des_estimations = [source for table in LUES for source in sources_of(table)] if is_estimated(indicateur) else []
    return gather([*des_mesures, *des_estimations])


def measures_of(indicateur: Indicateur) -> tuple[Mesure, ...]:
    """Return the measures an indicator rests on, through the one it derives from."""
    if indicateur.derive is not None:
        return measures_of(indicateurs()[indicateur.derive.indicateur])
    termes = (indicateur.numerateur, indicateur.denominateur)
    return tuple(mesures()[terme.mesure] for terme in termes if terme is not None)
