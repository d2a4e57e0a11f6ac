"""The files people write for the observatory, read closed: what is not declared refuses, in French; nothing is guessed.

A declaration is a dataclass whose `__pydantic_config__` is `FERMEE`: its fields are the keys, their types the words.
What a key means does not belong here.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from json import dumps
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from observatoire.obstacle import Obstacle

FERMEE = ConfigDict(extra="forbid", strict=True)
Texte = Annotated[str, Field(min_length=1, pattern=r"\S")]
EMPREINTE = "^[0-9a-f]{64}$"
Empreinte = Annotated[str, Field(pattern=EMPREINTE)]
Pourcentage = Annotated[float, Field(ge=0, le=100)]

# what a plain word is; all the rest is a text: YAML 1.1 reads 010 as 8, 1:30 as 90 and « no » as false
SORTES = {
    "bool": (r"true|false", "tf"),
    "null": (r"null|~|", ("n", "~", "")),
    "int": (r"-?(0|[1-9][0-9]{0,17})", "-0123456789"),
    "float": (r"-?(0|[1-9][0-9]{0,17})\.[0-9]+", "-0123456789"),
}
ETIQUETTES = {f"tag:yaml.org,2002:{nom}" for nom in ("str", *SORTES, "seq", "map")}
TAILLE_MAX, PROFONDEUR_MAX = 2**20, 20
MONTRES = 60
NOMS = {
    str: "un texte (entre guillemets si ce sont des chiffres)",
    int: "un nombre entier",
    float: "un nombre",
    bool: "true ou false",
}
Declaree = TypeVar("Declaree")


def read_utf8(chemin: Path, ou: str) -> str:
    """Read a file people write: its text, whatever its ends of line, without the mark some editors put first.

    Raises:
        Obstacle: it is not UTF-8; `ou` is how the message names it.
    """
    try:
        return chemin.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Obstacle(
            f"{ou} est illisible (ce n'est pas du texte en UTF-8) : l'enregistrer en UTF-8, puis relancer."
        ) from None


class _Lecteur(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that guesses nothing but `SORTES`."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _nom, (_motif, _debuts) in SORTES.items():
    _Lecteur.add_implicit_resolver(f"tag:yaml.org,2002:{_nom}", re.compile(rf"(?:{_motif})\Z"), list(_debuts))


def read_yaml(chemin: Path, ou: str) -> Any:
    """Read a small YAML file: texts (a date is one), numbers, true and false, lists and keys; None when it is empty.

    Args:
        chemin: the file.
        ou: how messages name it.

    Raises:
        Obstacle: it is not YAML in UTF-8, writes a key twice, or holds what no declaration needs (anchors, tags).
    """
    if chemin.stat().st_size > TAILLE_MAX:
        raise Obstacle(f"{ou} est illisible : plus de {TAILLE_MAX} octets ; ce n'est pas une déclaration.")
    texte = read_utf8(chemin, ou)
    try:
        if reproche := _unreasonable(texte):
            raise Obstacle(f"{ou} : {reproche}")
        lecture = _Lecteur(texte)
        noeud = lecture.get_single_node()
        if noeud is None:
            return None
        if reproche := _reproach(noeud):
            raise Obstacle(f"{ou} : {reproche}")
        return lecture.construct_document(noeud)
    except (yaml.YAMLError, ValueError) as erreur:
        marque = getattr(erreur, "problem_mark", None)
        ligne = f"ligne {marque.line + 1}, " if marque is not None else ""
        raise Obstacle(
            f"{ou} est illisible ({ligne}ce n'est pas du YAML) : des lignes « clé: valeur », un texte qui contient "
            "« : » ou « # » entre guillemets."
        ) from None


def _unreasonable(texte: str) -> str:
    """Say what must be refused before anything is built: a few lines of aliases, or of brackets, would break us."""
    profondeur = 0
    for evenement in yaml.parse(texte, _Lecteur):
        profondeur += isinstance(evenement, yaml.CollectionStartEvent) - isinstance(evenement, yaml.CollectionEndEvent)
        marque = evenement.start_mark
        ligne = f"ligne {marque.line + 1}" if marque is not None else "une ligne"
        if isinstance(evenement, yaml.AliasEvent):
            return f"{ligne} : un renvoi (« * ») n'est pas permis ; répéter la valeur."
        if profondeur > PROFONDEUR_MAX:
            return f"{ligne} est illisible : trop de crochets ou d'accolades les uns dans les autres."
    return ""


def _reproach(racine: yaml.Node) -> str:
    """Say what a document has that a declaration may not have; nothing when it has nothing of the kind."""
    a_voir = [racine]
    while a_voir:
        noeud = a_voir.pop()
        ligne = f"ligne {noeud.start_mark.line + 1}"
        if noeud.tag not in ETIQUETTES:
            etiquette = noeud.tag.rsplit(":", 1)[-1]
            return f"{ligne} : « {etiquette} » n'est pas permis ; écrire un texte ou un nombre."
        if isinstance(noeud, yaml.SequenceNode):
            a_voir += noeud.value
        elif isinstance(noeud, yaml.MappingNode):
            deja: dict[str, int] = {}
            for cle, valeur in noeud.value:
                ici = cle.start_mark.line + 1
                if not isinstance(cle, yaml.ScalarNode) or cle.tag != "tag:yaml.org,2002:str":
                    dite = f", pas « {cle.value} »" if isinstance(cle, yaml.ScalarNode) else ""
                    return f"ligne {ici} : une clé est un mot{dite}."
                if cle.value in deja:
                    return (
                        f"la clé « {cle.value} » est écrite deux fois (lignes {deja[cle.value]} et {ici}) : "
                        "n'en garder qu'une."
                    )
                deja[cle.value] = ici
                a_voir += [cle, valeur]
    return ""


def declared(sorte: type[Declaree], contenu: Any, ou: str, **donnees: Any) -> Declaree:
    """Check what a file says against its type, and make it.

    Args:
        sorte: a dataclass whose config is `FERMEE`, or a list of them.
        contenu: what the file says.
        ou: the file, as messages name it.
        donnees: fields that come from elsewhere (a name of folder), which the file may not write.

    Raises:
        Obstacle: every key that is unknown, missing or of another type, and every unknown word: where, what was found,
            what is allowed.
    """
    if isinstance(contenu, dict):
        if ecrites := sorted(set(contenu) & set(donnees)):
            raise Obstacle(f"{ou} : {_unknown(ecrites[0], _keys([sorte], donnees))}")
        contenu = contenu | donnees
    elif donnees:
        raise Obstacle(f"{ou} : attendu : des lignes « clé: valeur » ({', '.join(_keys([sorte], donnees))}).")
    try:
        # as JSON: strict types, and still lists for tuples, keys for dataclasses
        valeur: Declaree = _adapter(sorte).validate_json(dumps(contenu))  # type: ignore[arg-type]
    except ValidationError as erreur:
        reproches = _reproaches(sorte, erreur, donnees)
        raise Obstacle(f"{ou} : {' '.join(reproches)}") from None
    return valeur


def nearest(mot: str, connus: Iterable[str]) -> str:
    """Return « Écrire « … » ? » with the known word that one most looks like, nothing when none does."""
    proches = get_close_matches(mot, list(connus), 1)
    return f" Écrire « {proches[0]} » ?" if proches else ""


@cache
def _adapter(sorte: Hashable) -> TypeAdapter[Any]:
    adaptateur: TypeAdapter[Any] = TypeAdapter(sorte)  # type: ignore[arg-type]
    return adaptateur


def _reproaches(sorte: Any, erreur: ValidationError, donnees: dict[str, Any]) -> list[str]:
    """Say each fault once, where it is deepest: every branch of a union complains."""
    trouves: dict[tuple[str | int, ...], str] = {}
    for detail in erreur.errors(include_url=False):
        chemin, types = _place(sorte, detail["loc"])
        if detail["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            cle = str(detail["loc"][-1])
            _, parents = _place(sorte, detail["loc"][:-1])
            trouves[(*chemin, cle)] = _at(chemin, _unknown(cle, _keys(parents, donnees)))
        elif chemin not in trouves:
            trouves[chemin] = _at(chemin, _fault(detail, types))
    profonds = [chemin for chemin in trouves if not any(autre[: len(chemin)] == chemin != autre for autre in trouves)]
    return [trouves[chemin] for chemin in profonds]


def _at(chemin: tuple[str | int, ...], reproche: str) -> str:
    # rows of a list are counted from 1, as people do
    dit = ".".join(f"entrée {pas + 1}" if isinstance(pas, int) else pas for pas in chemin)
    return f"{dit} : {reproche}" if dit else reproche


def _unknown(cle: str, connues: list[str]) -> str:
    return f"clé « {cle} » inconnue ; clés connues : {', '.join(connues)}.{nearest(cle, connues)}"


def _fault(detail: Any, types: list[Any]) -> str:
    """Say what is wrong with a value, and what is allowed in its place."""
    limites = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return f"{limites['error']}."
    if limites.get("pattern") == EMPREINTE:
        return f"« {detail['input'][:MONTRES]} » n'est pas permis ; attendu : les 64 caractères d'un SHA-256."
    if detail["type"] in ("string_too_short", "string_pattern_mismatch", "too_short"):
        return "rien n'y est écrit ; le dire, ou retirer la ligne."
    if detail["type"] == "missing":
        return f"absent ; attendu : {_expected(types)}."
    trouve = detail["input"]
    dit = dumps(trouve, ensure_ascii=False) if not isinstance(trouve, str) else trouve
    dit = f"{dit[:MONTRES]}…" if len(dit) > MONTRES else dit
    bornes = [f"{mot} {limites[borne]:g}" for borne, mot in (("ge", "au moins"), ("le", "au plus")) if borne in limites]
    attendu = ", ".join(bornes) or _expected(types)
    mots = [str(mot) for feuille in types for mot in (get_args(feuille) if get_origin(feuille) is Literal else ())]
    return f"« {dit} » n'est pas permis ; attendu : {attendu}.{nearest(str(trouve), mots)}"


def _expected(types: Iterable[Any]) -> str:
    """Say in French what a value may be."""
    dits: list[str] = []
    for feuille in types:
        if get_origin(feuille) is Literal:
            dits += map(str, get_args(feuille))
        elif is_dataclass(feuille):
            dits.append(f"{{{', '.join(_keys([feuille], {}))}}}")
        elif feuille is NoneType:
            dits.append("null")
        elif feuille in NOMS:
            dits.append(NOMS[feuille])
        else:
            contenu = _expected(feuille for feuille in _leaves(get_args(feuille)[0]) if is_dataclass(feuille))
            dits.append(f"une liste de {contenu}" if contenu else "une liste")
    return ", ou ".join([", ".join(dits[:-1]), dits[-1]] if len(dits) > 1 else dits)


def _keys(types: Iterable[Any], donnees: dict[str, Any]) -> list[str]:
    return [
        champ.name for sorte in types if is_dataclass(sorte) for champ in fields(sorte) if champ.name not in donnees
    ]


def _place(sorte: Any, chemin: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], list[Any]]:
    """Follow the path of a fault in the types: the path as people read it (no branch of a union), the types there."""
    dit: list[str | int] = []
    types = list(_leaves(sorte))
    for pas in chemin:
        if suivants := [suivant for feuille in types for suivant in _inside(feuille, pas)]:
            dit.append(pas)
            types = [feuille for suivant in suivants for feuille in _leaves(suivant)]
    return tuple(dit), types


def _inside(feuille: Any, pas: str | int) -> list[Any]:
    """Return the type of what a step of a path leads to: a field, or an item; nothing for the name of a branch."""
    if is_dataclass(feuille):
        return [annotation for nom, annotation in get_type_hints(feuille, include_extras=True).items() if nom == pas]
    return [get_args(feuille)[0]] if isinstance(pas, int) and get_origin(feuille) in (list, tuple) else []


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the types of an annotation, those of a union one by one."""
    if get_origin(annotation) is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for branche in get_args(annotation):
            yield from _leaves(branche)
    else:
        yield annotation
