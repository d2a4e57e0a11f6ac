"""The grammar of words: what one word means in a column of amounts, counts, dates, codes or identifiers.

A word that has one meaning is read, one that has two or none is refused with the reason that fits it. Both readers ask
this grammar: `conversion` for the files read in Python, `loading.bulk_values` for those DuckDB reads. They only spare
it the ordinary words, those of `Attendu.ordinaire`, which say what they seem to say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

import pyarrow as arrow

from observatoire.identifiers import SCIENTIFIC, read_identifier
from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, TEXTE, Colonne

# blanks of every width, and marks without any, that copying from a page or a PDF leaves
BLANCS = " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
SANS_LARGEUR = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
BORDS = BLANCS + SANS_LARGEUR
VRAI = ("true", "vrai", "oui", "yes", "o", "1", "x")
FAUX = ("false", "faux", "non", "no", "n", "0")
MOIS = (
    *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
    *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
)

_PLAT = str.maketrans(dict.fromkeys(BLANCS, " ") | dict.fromkeys(SANS_LARGEUR, None))
_SIGNES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"))
_SANS_ACCENT = str.maketrans("éèûôà", "eeuoa")
_EURO = re.compile(r"^(?:€|euros?\b|eur\b) ?| ?(?:€|euros?|eur)$")
_PRECIS = Context(prec=100, rounding=ROUND_HALF_UP)
_CHIFFRES = re.compile(r"[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+")
# numbers whose thousands are parted, and by what
_GROUPES = (
    (re.compile(r"[0-9]{1,3}([ '’][0-9]{3})+([.,][0-9]*)?"), " '’"),
    (re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(\.[0-9]{3}){2,}"), "."),
    (re.compile(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(,[0-9]{3}){2,}"), ","),
)
_EXPOSANT = re.compile(r"([0-9]+(?:[.,][0-9]+)?)e([+-]?[0-9]{1,2})")
_AMBIGU = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_HEURE = (
    r"(?:[t ] ?(?P<heure>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)"
    r" ?(?P<zone>z|utc|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_JOUR_ISO = re.compile(rf"(?P<a>[0-9]{{4}})(?P<s>[-/.])(?P<m>[0-9]{{1,2}})(?P=s)(?P<j>[0-9]{{1,2}}){_HEURE}")
_JOUR_FRANCAIS = re.compile(rf"(?P<j>[0-9]{{1,2}})(?P<s>[-/.])(?P<m>[0-9]{{1,2}})(?P=s)(?P<a>[0-9]{{4}}){_HEURE}")
_JOUR_EN_MOTS = re.compile(r"(?P<j>[0-9]{1,2})(?:er)? (?P<m>[a-z]{3,9})\.? (?P<a>[0-9]{4})")
_MOIS = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})|([0-9]{1,2})[-/]([0-9]{4})|[a-z]{3,9}\.? ([0-9]{4})")


class Lu(NamedTuple):
    """What a word says: its value, written plainly, null when it has none; and the key of `DITS` of what is told."""

    valeur: str | None
    dit: str | None = None


@dataclass(frozen=True)
class Dit:
    """What is told of a word: name of the rule, French reason, and whether a file hears it once or at each row."""

    regle: str
    motif: str
    une_fois: bool = False


def _illisible(raison: str) -> Dit:
    return Dit("valeur_illisible", raison)


def _forme(motif: str, regle: str = "identifiant_restitue") -> Dit:
    return Dit(regle, f"{motif} ; dit une fois par fichier", une_fois=True)


DITS = {
    # refused: no value
    "ambigu": _illisible("milliers ou décimales ? « 15.000 » peut être 15000 ou 15 : l'écrire sans point, ou 15,00"),
    "tiret_seul": _illisible("un tiret seul n'est pas zéro : écrire 0, ou laisser la case vide si rien n'est connu"),
    "formule": _illisible("erreur de formule d'un tableur : corriger la formule, enregistrer, déposer à nouveau"),
    "jamais_calculee": _illisible(
        "formule jamais calculée : ouvrir le fichier dans un tableur, l'enregistrer, le déposer à nouveau"
    ),
    "pourcentage": _illisible("un pourcentage à la place d'un nombre"),
    "autre_monnaie": _illisible("une autre monnaie que l'euro : convertir à la source"),
    "multiple": _illisible("« k » ou « M » ne dit pas tout le nombre : l'écrire en entier"),
    "mal_groupe": _illisible("chiffres mal groupés : deux nombres dans la case, ou un séparateur de trop ?"),
    "unite": _illisible("des mots ou une unité à côté du nombre : ne garder que le nombre"),
    "mot": _illisible("des mots à la place d'un nombre : corriger la valeur à la source"),
    "trop_grand": _illisible("trop de chiffres pour un nombre de cette colonne : deux valeurs collées ?"),
    "decimales": _illisible("des décimales là où l'on compte des unités entières"),
    "jour_impossible": _illisible("ce jour n'existe pas : mois et jour inversés ?"),
    "annee_seule": _illisible("une année seule, là où un jour est attendu"),
    "mois_seul": _illisible("un mois, là où un jour est attendu"),
    "annee_courte": _illisible("année sur deux chiffres : l'écrire sur quatre"),
    "numero_de_jour": _illisible(
        "numéro de jour d'un tableur : mettre la colonne au format date, enregistrer à nouveau"
    ),
    "plusieurs_dates": _illisible("plusieurs dates dans la case : n'en garder qu'une"),
    "pas_une_date": _illisible("ce n'est pas une date : AAAA-MM-JJ ou JJ/MM/AAAA attendu"),
    "plusieurs_annees": _illisible("plusieurs années dans la case : n'en garder qu'une"),
    "ni_oui_ni_non": _illisible("ni oui ni non"),
    # read, and told
    "peut_etre_arrondi": _forme(
        "nombre en notation scientifique : lu, peut-être arrondi par un tableur", "peut_etre_arrondi"
    ),
    "arrondi": _forme(
        "plus de décimales que la colonne n'en garde : arrondi au plus proche (des euros : au centime)",
        "decimales_arrondies",
    ),
    "minuit_utc": _forme(
        "minuit à Paris écrit en heure universelle la veille : le jour de Paris est gardé", "minuit_utc"
    ),
    "point_zero": _forme("code pris pour un nombre par un tableur (« .0 » ou « ,00 » à la fin) : rendu", "point_zero"),
    "apostrophe": _forme("apostrophe de tableur devant le code : ôtée"),
    "blancs": _forme("blancs dans le code : ôtés"),
    "ponctuation": _forme("points, tirets ou apostrophes dans l'identifiant : ôtés"),
    "etiquette": _forme("mot devant l'identifiant (« SIRET », « n° »…) : ôté"),
    "casse": _forme("numéro RNA en minuscules : lu"),
    "tva": _forme("numéro de TVA à la place d'un SIREN : sa clé est juste, son SIREN est lu", "tva_au_lieu_de_siren"),
    "siret_pour_siren": _forme("SIRET à la place d'un SIREN : son SIREN est lu", "siret_au_lieu_de_siren"),
    "zeros": _forme("zéros de gauche perdus (fichier passé par un tableur ?) : restitués", "zeros_restitues"),
    "zeros_a_confirmer": Dit(
        "zeros_restitues",
        "zéros de gauche perdus (fichier passé par un tableur ?) : restitués, le numéro peut alors désigner quelqu'un "
        "d'autre, à confirmer",
    ),
    # told, and left as it is written
    "rna": Dit("rna_au_lieu_de_siret", "numéro RNA à la place d'un SIREN ou d'un SIRET : gardé, reconnu comme RNA"),
    "notation_scientifique": Dit(
        "notation_scientifique",
        "code passé en notation scientifique par un tableur : ses chiffres sont perdus, le redemander",
    ),
}
"""Everything that is told of words. The key is of the grammar, the rule is what `qualite.rejets` publishes."""


@dataclass(frozen=True)
class Attendu:
    """What a column asks of its words.

    Attributes:
        sorte: nombre, annee, date, booleen, code, siren, siret, siren_ou_siret or rna; empty for free text.
        entiers, decimales: for a number, the digits its type keeps on each side of the mark.
        compte: an amount or a count, where « 15.000 » may be thousands.
        longueur: for a code, its digits, 0 when they vary.
        en_nombres: the file holds numbers, not words: no mark is ambiguous, and lost zeros are nobody's fault.
    """

    sorte: str
    entiers: int = 0
    decimales: int = 0
    compte: bool = False
    longueur: int = 0
    en_nombres: bool = False

    @property
    def ordinaire(self) -> str:
        """Pattern (RE2) of the words both readers convert by themselves; empty when there are none."""
        if self.sorte == "nombre" and self.decimales:
            # of three decimals, the mark may part thousands; beyond what the type keeps, it is rounded
            seule = self.compte and not self.en_nombres
            tailles = f"{{1,{min(self.decimales, 2) if seule else self.decimales}}}"
            longues = f"|[0-9]{{4,{self.decimales}}}" if seule and self.decimales > 3 else ""
            return rf"-?[0-9]{{1,{min(self.entiers, 15)}}}([.,]([0-9]{tailles}{longues}))?"
        motifs = {
            "nombre": "-?[0-9]{1,17}",
            "annee": "[0-9]{4}",
            "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)?",
            "booleen": "true|false|1|0|O|N",
            "code": f"[0-9A-Z]{{{self.longueur}}}" if self.longueur else "[0-9A-Z]+",
            "siren": "[0-9]{9}",
            "siret": "[0-9]{14}",
            "siren_ou_siret": "[0-9]{14}|[0-9]{9}",
            "rna": "W[0-9]{9}",
        }
        return motifs.get(self.sorte, "")


def expected_of(colonne: Colonne, en_nombres: bool = False) -> Attendu:
    """Return what a column asks of its words.

    Args:
        colonne: its declaration.
        en_nombres: the file types it as numbers.
    """
    if colonne.type == TEXTE:
        sorte = colonne.genre or ("code" if colonne.longueur else "")
        return Attendu(sorte, longueur=colonne.longueur, en_nombres=en_nombres)
    if colonne.genre == "annee":
        return Attendu("annee", 18, 0, True, en_nombres=en_nombres)
    return _expected_of_type(colonne.type, compte=bool(colonne.unite), en_nombres=en_nombres)


def _expected_of_type(type_: arrow.DataType, compte: bool, en_nombres: bool) -> Attendu:
    if type_ == DATE:
        return Attendu("date")
    if type_ == BOOLEEN:
        return Attendu("booleen")
    if arrow.types.is_decimal(type_):
        entiers, decimales = type_.precision - type_.scale, type_.scale
        return Attendu("nombre", entiers, decimales, compte or type_ == EUROS, en_nombres=en_nombres)
    entiere = type_ == ENTIER
    return Attendu("nombre", 18, 0 if entiere else 15, compte or entiere, en_nombres=en_nombres)


def read(mot: str, attendu: Attendu) -> Lu:
    """Read a word: the whole grammar, for ordinary words too.

    Args:
        mot: without blanks at its ends, and not empty.
        attendu: what its column asks.
    """
    lire = _LIRE.get(attendu.sorte)
    if lire is None:
        return Lu(mot)
    plat = mot if mot.isascii() and mot.isprintable() else mot.translate(_PLAT).strip() or mot
    return lire(plat, attendu)


# ---- numbers


def _number(mot: str, attendu: Attendu) -> Lu:
    """Read 15000, 15 000,50 €, 15,000.50, (1 500), 1500-, 30 000,- and 1E+05."""
    corps = _EURO.sub("", mot.lower().translate(_SIGNES).lstrip("'’").strip())
    # « 30 000,- » : no cents
    corps = re.sub(r"(?<=[0-9])[.,]-+$", "", corps)
    signe = ""
    if forme := re.fullmatch(r"\((?P<p>.+)\)|- ?(?P<m>.+)|\+ ?(?P<plus>.+)|(?P<f>.+?) ?-", corps):
        signe = "" if forme["plus"] else "-"
        corps = next(filter(None, forme.groups())).strip()
    corps = _EURO.sub("", corps)
    if exposant := _EXPOSANT.fullmatch(corps):
        nombre = _PRECIS.scaleb(Decimal(exposant[1].replace(",", ".")), int(exposant[2]))
        return _fitting(signe, nombre, attendu, None if attendu.en_nombres else "peut_etre_arrondi")
    if attendu.compte and not attendu.en_nombres and _AMBIGU.fullmatch(corps):
        return Lu(None, "ambigu")
    for motif, milliers in _GROUPES:
        if motif.fullmatch(corps):
            corps = corps.translate(dict.fromkeys(map(ord, milliers)))
            break
    if not _CHIFFRES.fullmatch(corps):
        return Lu(None, _why_no_number(mot.lower().translate(_SIGNES)))
    return _fitting(signe, Decimal(f"0{corps.replace(',', '.')}"), attendu, None)


def _fitting(signe: str, nombre: Decimal, attendu: Attendu, dit: str | None) -> Lu:
    """Write a number with the decimals its column keeps, half up; one that is too large has no value."""
    if nombre.adjusted() >= attendu.entiers:
        return Lu(None, "trop_grand")
    rendu = _PRECIS.quantize(nombre, Decimal(1).scaleb(-attendu.decimales))
    if rendu != nombre:
        if not attendu.decimales:
            return Lu(None, "decimales")
        dit = "arrondi"
    if rendu.adjusted() >= attendu.entiers:
        return Lu(None, "trop_grand")
    return Lu(f"{signe if rendu else ''}{rendu:f}", dit)


def _why_no_number(mot: str) -> str:
    """Say why a word is no number: the key of `DITS` that fits it."""
    if re.fullmatch(r"[.,]?-[ -]*€?", mot):
        return "tiret_seul"
    if mot.startswith("#"):
        return "formule"
    if mot.startswith("="):
        return "jamais_calculee"
    if not re.search("[0-9]", mot):
        return "mot"
    if "%" in mot:
        return "pourcentage"
    if re.search(r"[$£¥]|\b(chf|usd|gbp|francs?|frs?)\b|[0-9] ?(f|ff|frs?)$", mot):
        return "autre_monnaie"
    if re.search(r"[0-9] ?(k|m|mds?|millions?|milliers?|milliards?)( ?d')? ?(€|euros?|eur)?$", mot):
        return "multiple"
    return "mal_groupe" if re.fullmatch(r"[0-9 .,'’()+-]+", _EURO.sub("", mot)) else "unite"


def _year(mot: str, attendu: Attendu) -> Lu:
    """Read a year where only a year is asked: 2022, 2022.0, 2022-05, 05/2022, 10/05/2022."""
    bas = mot.lower().translate(_SANS_ACCENT)
    jour = _day(mot, attendu)
    if jour.valeur is not None:
        return Lu(str(int(jour.valeur[:4])), jour.dit)
    if (trouve := _MOIS.fullmatch(bas)) and _month_of(trouve):
        return Lu(str(int(trouve[1] or trouve[4] or trouve[5])))
    if re.fullmatch(r"[0-9]{4} ?[-/] ?[0-9]{2,4}", bas):
        return Lu(None, "plusieurs_annees")
    return _number(mot, attendu)


# ---- dates


def _month_of(trouve: re.Match[str]) -> bool:
    """Say whether what was found names a month."""
    numero = trouve[2] or trouve[3]
    return 1 <= int(numero) <= 12 if numero else bool(_month_named(trouve[0].split(" ")[0]))


def _month_named(mot: str) -> int:
    """Return the number of a month named in French, shortened or not; 0 when it is none, or could be two."""
    rangs = [rang for rang, nom in enumerate(MOIS, 1) if nom.startswith(mot.rstrip("."))]
    return rangs[0] if len(rangs) == 1 else 0


def _day(mot: str, attendu: Attendu) -> Lu:
    """Read 2024-01-31, 31/01/2024, 5/3/2023, 31 janvier 2024, with a time and an offset; the day is as written."""
    bas = mot.lower().translate(_SANS_ACCENT)
    trouve = _JOUR_ISO.fullmatch(bas) or _JOUR_FRANCAIS.fullmatch(bas) or _JOUR_EN_MOTS.fullmatch(bas)
    if trouve is None:
        return Lu(None, _why_no_day(bas))
    dits = trouve.groupdict()
    mois = int(dits["m"]) if dits["m"].isdigit() else _month_named(dits["m"])
    if not mois and not dits["m"].isdigit():
        return Lu(None, "pas_une_date")
    try:
        jour = date(int(dits["a"]), mois, int(dits["j"]))
    except ValueError:
        return Lu(None, "jour_impossible")
    # exports that turn a day of Paris into an instant write its midnight 23:00 the day before, 22:00 in summer
    veille = re.fullmatch(r"2[23]:00(:00([.,]0+)?)?", dits.get("heure") or "") and dits.get("zone") in (
        "z",
        "utc",
        "+00:00",
        "+0000",
        "+00",
    )
    if veille and jour < date.max:
        return Lu((jour + timedelta(days=1)).isoformat(), "minuit_utc")
    return Lu(jour.isoformat())


def _why_no_day(bas: str) -> str:
    """Say why a word is no day: the key of `DITS` that fits it."""
    if bas.startswith("="):
        return "jamais_calculee"
    if re.fullmatch(r"[0-9]{4}([.,]0*)?", bas):
        return "annee_seule"
    if (trouve := _MOIS.fullmatch(bas)) and _month_of(trouve):
        return "mois_seul"
    if re.fullmatch(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}", bas):
        return "annee_courte"
    if re.fullmatch(r"[0-9]{5}([.,][0-9]+)?", bas):
        return "numero_de_jour"
    jours = re.findall(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}", bas)
    return "plusieurs_dates" if len(jours) > 1 else "pas_une_date"


# ---- booleans, codes, identifiers


def _boolean(mot: str, attendu: Attendu) -> Lu:
    bas = re.sub(r"(?<=^[01])[.,]0+$", "", mot.lower())
    if bas in VRAI or bas in FAUX:
        return Lu("true" if bas in VRAI else "false")
    return Lu(None, "ni_oui_ni_non")


def _code(mot: str, attendu: Attendu) -> Lu:
    """Read a code without what a spreadsheet put around it, with the zeros it lost where its width is known."""
    nu, dit = mot, None
    if re.fullmatch(r"['’][0-9A-Z]+", nu):
        nu, dit = nu[1:], "apostrophe"
    if re.fullmatch(r"[0-9]+[.,]0*", nu):
        nu, dit = re.sub("[.,]0*$", "", nu), "point_zero"
    if not attendu.longueur:
        return Lu(nu, dit)
    if re.fullmatch(SCIENTIFIC, nu) and not nu.isalnum():
        return Lu(mot, "notation_scientifique")
    sans = nu.replace(" ", "")
    if sans != nu and re.fullmatch("[0-9][0-9AB]?[0-9]*", sans) and len(sans) <= attendu.longueur:
        nu, dit = sans, "blancs"
    if nu.isascii() and nu.isdigit() and len(nu) < attendu.longueur:
        nu, dit = nu.zfill(attendu.longueur), dit or "zeros"
    return Lu(nu, None if attendu.en_nombres else dit)


def _identifier(mot: str, attendu: Attendu) -> Lu:
    valeur, dit = read_identifier(mot, attendu.sorte)
    return Lu(valeur, None if attendu.en_nombres and dit == "zeros_a_confirmer" else dit)


_LIRE: dict[str, Callable[[str, Attendu], Lu]] = {
    "nombre": _number,
    "annee": _year,
    "date": _day,
    "booleen": _boolean,
    "code": _code,
    **dict.fromkeys(("siren", "siret", "siren_ou_siret", "rna"), _identifier),
}
