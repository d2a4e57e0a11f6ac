"""What makes two spellings one name: normalised words, and the keys under which altered spellings still meet.

SQL expressions, so that a name of a document and those of a whole register are read by the same rules. Searching and
scoring belong to `search`.
"""

# legal form, or nothing at all: their absence makes no other name
MOTS_TUS = (
    *("association", "associations", "assoc", "asso", "ass", "societe", "ste", "sarl", "sas", "sasu", "sa", "eurl"),
    *("snc", "gie", "scop", "scic", "loi", "1901", "de", "du", "des", "d", "la", "le", "les", "l", "et", "en", "a"),
    *("au", "aux", "pour", "par", "sur", "dans"),
)
ABREVIATIONS = {
    "st": "saint",
    "ctre": "centre",
    "cie": "compagnie",
    "fed": "federation",
    "fede": "federation",
    "ets": "etablissements",
    "univ": "universite",
    "dept": "departement",
    "dpt": "departement",
}
# words that say to which family of the ESS a name claims to belong (those of `socle.unites_ess`)
FAMILLES = {
    "association": "association",
    "asso": "association",
    "scop": "coopérative",
    "scic": "coopérative",
    "cooperative": "coopérative",
    "mutuelle": "mutuelle",
    "mutualite": "mutuelle",
    "fondation": "fondation",
}
# letters of half a word: alone, beside another, and of the start of all words stuck together
LETTRES = 4
DEUX = 3
DEBUT_COLLE = 8
# of a name longer than this, the first words
MOTS = 8


def letters(nom: str) -> str:
    """Give the SQL of a name without case, accents, elisions or punctuation: words of letters and digits, one blank."""
    sans_accents = f"replace(replace(lower(strip_accents({nom})), 'œ', 'oe'), 'æ', 'ae')"
    sans_elision = rf"regexp_replace({sans_accents}, '\b([cdjlmnst]|qu)[''’`]', ' ', 'g')"
    # M.J.C. is one word, and so is LieU'topie
    sigle = rf"regexp_replace(replace(replace({sans_elision}, '''', ''), '’', ''), '\b([a-z])\.', '\1', 'g')"
    return f"trim(regexp_replace({sigle}, '[^a-z0-9]+', ' ', 'g'))"


def normalised(nom: str) -> str:
    """Give the SQL of the words that make a name, in their order; a name that has no other keeps the mute ones."""
    lettres = letters(nom)
    tus = "|".join(MOTS_TUS)
    # twice: of two mute words that follow each other, the blank between belongs to the first
    parlants = rf"(' ' || {lettres} || ' ')"
    for _ in range(2):
        parlants = rf"regexp_replace({parlants}, ' ({tus}) ', ' ', 'g')"
    for court, entier in ABREVIATIONS.items():
        parlants = f"replace({parlants}, ' {court} ', ' {entier} ')"
    return f"coalesce(nullif(trim({parlants}), ''), {lettres})"


def claimed_family(nom: str) -> str:
    """Give the SQL of the family a name claims by one of its words, null when it claims none."""
    cas = " ".join(
        rf"WHEN regexp_matches({letters(nom)}, '\b{mot}\b') THEN '{famille}'" for mot, famille in FAMILLES.items()
    )
    return f"CASE {cas} END"


def keys(relation: str) -> str:
    """Give the query of the keys of normalised names: one row (rang, cle) a key and a name.

    A key is the first letters of two words, or the last letters of two words, in any order: rare together where each is
    common, and a slip of the pen spoils few of them. For short names, half a word; also the first letters of all words
    stuck together, and the initials, which another may be written with. Half a word is rarer in a commune, or among the
    bodies of the territory: homonyms are many, and these are the ones a document speaks of.

    Args:
        relation: table of `rang` (a number), `nom_normal`, `communes` (a list of codes, or null), `est_local`.
    """
    colle = "replace(nom_normal, ' ', '')"
    initiales = r"regexp_replace(nom_normal, '(\w)\w* ?', '\1', 'g')"
    return f"""
        WITH listes AS (
            SELECT rang, communes, est_local, string_split(nom_normal, ' ')[:{MOTS}] AS mots
            FROM {relation} WHERE nom_normal <> ''),
        premiers AS (SELECT rang, mots, unnest(range(1, len(mots))) AS i FROM listes),
        couples AS (
            SELECT rang, mots[i] AS un, unnest(mots[i + 1:]) AS autre FROM premiers),
        mots AS (SELECT rang, communes, est_local, unnest(mots) AS mot FROM listes),
        moities AS (
            SELECT rang, communes, est_local, '<' || mot[:{LETTRES}] AS moitie FROM mots
            UNION ALL
            SELECT rang, communes, est_local, mot[-{LETTRES}:] || '>' FROM mots WHERE length(mot) >= {LETTRES}),
        toutes AS (
            SELECT rang, least(un[:{DEUX}], autre[:{DEUX}]) || '<' || greatest(un[:{DEUX}], autre[:{DEUX}]) AS cle
            FROM couples
            UNION ALL
            SELECT rang, least(un[-{DEUX}:], autre[-{DEUX}:]) || '>' || greatest(un[-{DEUX}:], autre[-{DEUX}:])
            FROM couples
            UNION ALL
            SELECT rang, moitie FROM moities
            UNION ALL
            SELECT rang, '~' || moitie FROM moities WHERE est_local
            UNION ALL
            SELECT rang, unnest(communes) || moitie FROM moities WHERE communes IS NOT NULL
            UNION ALL
            SELECT rang, '=' || {colle}[:{DEBUT_COLLE}] FROM {relation} WHERE nom_normal <> ''
            UNION ALL
            SELECT rang, '.' || {initiales} FROM {relation} WHERE length({initiales}) BETWEEN 3 AND 8
            UNION ALL
            SELECT rang, '.' || nom_normal FROM {relation} WHERE length(nom_normal) BETWEEN 3 AND 8)
        SELECT rang, hash(cle) AS cle FROM toutes"""
