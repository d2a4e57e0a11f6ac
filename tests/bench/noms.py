"""`python -m tests.bench.noms`: altered names searched among many; what it costs, and how many are found again.

The names are invented from common words and real communes; the alterations are those of documents: slips of the pen,
lost accents, abbreviations, words in another order, no legal form, a part left out.
"""

import argparse
import csv
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as arrow
import pyarrow.parquet as parquet

from observatoire.settings import RACINE, REFERENCES
from observatoire.warehouse import sql_literal
from tests.bench.process import RunFailed, run

FORMES = ("ASSOCIATION", "Association", "SARL", "SCIC", "SCOP", "Société", "")
TETES = (
    *("comité des fêtes", "amicale laïque", "foyer rural", "union sportive", "club", "école de musique", "les amis"),
    *("maison des jeunes et de la culture", "régie de territoire", "centre social", "ressourcerie", "coopérative"),
    *("mutuelle", "fondation", "atelier", "compagnie théâtrale", "chorale", "crèche parentale", "épicerie solidaire"),
    *("groupement d'employeurs", "fédération départementale", "collectif", "tiers-lieu", "jardins partagés", "radio"),
    *("aide à domicile", "secours", "entraide", "initiative", "harmonie", "conseil de développement", "recyclerie"),
    *("société de chasse", "cercle", "académie", "institut", "observatoire", "laboratoire", "café associatif", "cinéma"),
)
CONSONNES, VOYELLES, FINS = "bcdfglmnprstv", "aeiouéè", ("l", "n", "r", "s", "tte", "ur", "x", "", "", "")


def invented(how_many: int, seed: int) -> Iterator[tuple[str, str]]:
    """Give that many different names, each with the code of a commune."""
    drawn = random.Random(seed)  # noqa: S311
    with (REFERENCES / "communes.csv").open(encoding="utf-8", newline="") as stream:
        communes = [(row["code_commune"], row["libelle_commune"]) for row in csv.DictReader(stream)]
    # words as a language has them: a few everywhere, most of them rare
    syllables = [c + v for c in CONSONNES for v in VOYELLES]
    words = ["".join(drawn.choices(syllables, k=drawn.choice((2, 3, 3)))) + drawn.choice(FINS) for _ in range(60_000)]
    weights = [1 / (rank + 20) for rank in range(len(words))]
    subjects = iter(())
    seen: set[int] = set()
    while len(seen) < how_many:
        chosen = list(islice(subjects, 2))
        if len(chosen) < 2:
            subjects = iter(drawn.choices(words, weights, k=100_000))
            continue
        code, commune = drawn.choice(communes)
        head, form = drawn.choice(TETES), drawn.choice(FORMES)
        name = f"{form} {head} {' '.join(chosen[: drawn.choice((0, 1, 1, 2, 2))])}".strip()
        if drawn.random() < 0.6 or len(name.split()) < 4:
            name += f" {drawn.choice(('de', 'du pays de', 'à'))} {commune}"
        name = name.upper() if drawn.random() < 0.5 else name
        if (mark := hash(name)) not in seen:
            seen.add(mark)
            yield name, code


def _slip(name: str, drawn: random.Random) -> str:
    place = drawn.randrange(1, len(name) - 1)
    kind = drawn.randrange(4)
    letter = drawn.choice("aeioulnrst")
    if kind == 0:
        return name[:place] + name[place + 1 :]
    if kind == 1:
        return name[:place] + letter + name[place:]
    if kind == 2:
        return name[:place] + letter + name[place + 1 :]
    return name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


def _no_accents(name: str, drawn: random.Random) -> str:
    return name.translate(str.maketrans("éèêàâîïôûùçÉÈÊÀÂÎÏÔÛÙÇ", "eeeaaiiouucEEEAAIIOUUC"))


def _shortened(name: str, drawn: random.Random) -> str:
    words = name.split()
    long = [rank for rank, word in enumerate(words) if len(word) > 6]
    if not long:
        return name
    rank = drawn.choice(long)
    words[rank] = words[rank][: drawn.choice((3, 4, 5))] + "."
    return " ".join(words)


def _other_order(name: str, drawn: random.Random) -> str:
    words = name.split()
    cut = drawn.randrange(1, len(words)) if len(words) > 1 else 0
    return " ".join(words[cut:] + words[:cut])


def _no_form(name: str, drawn: random.Random) -> str:
    words = name.split()
    return " ".join(words[1:]) if words[0] in FORMES else f"Association {name}"


def _stuck(name: str, drawn: random.Random) -> str:
    words = name.split()
    place = drawn.randrange(1, len(words)) if len(words) > 1 else 0
    return " ".join([*words[: max(place - 1, 0)], "".join(words[max(place - 1, 0) : place + 1]), *words[place + 1 :]])


ALTERATIONS: dict[str, Callable[[str, random.Random], str]] = {
    "coquille": _slip,
    "deux_coquilles": lambda name, drawn: _slip(_slip(name, drawn), drawn),
    "accents_perdus": _no_accents,
    "abreviation": _shortened,
    "ordre_des_mots": _other_order,
    "forme_juridique": _no_form,
    "mots_colles": _stuck,
    "coquille_et_ordre": lambda name, drawn: _other_order(_slip(name, drawn), drawn),
    "sans_forme_et_abreviation": lambda name, drawn: _shortened(_no_form(name, drawn), drawn),
}


def generate(folder: Path, candidates: int, names: int) -> None:
    """Write the candidates, and altered names drawn among them with the one each comes from."""
    drawn = random.Random(7)  # noqa: S311
    altered = set(drawn.sample(range(candidates), names))
    stream = enumerate(invented(candidates, 11))
    schema = arrow.schema([("identifiant", arrow.string()), ("nom", arrow.string()), ("code_commune", arrow.string())])
    kinds = list(ALTERATIONS)
    rows: list[tuple[str, str, str | None, str]] = []
    with parquet.ParquetWriter(folder / "candidats.parquet", schema) as out:
        while batch := list(islice(stream, 100_000)):
            columns = [[f"C{rank:08}" for rank, _ in batch], [n for _, (n, _) in batch], [c for _, (_, c) in batch]]
            out.write_table(arrow.table(columns, schema=schema))
            for rank, (name, commune) in batch:
                if rank in altered:
                    kind = drawn.choice(kinds)
                    said = commune if drawn.random() < 0.3 else None
                    rows.append((f"C{rank:08}", ALTERATIONS[kind](name, drawn), said, kind))
    parquet.write_table(
        arrow.table(dict(zip(("vrai", "nom", "code_commune", "alteration"), map(list, zip(*rows, strict=True)), strict=True))),
        folder / "noms.parquet",
    )


def search(folder: Path) -> None:
    """Search the names among the candidates; leave the proposals and the seconds."""
    from observatoire.matching.search import normalise_candidates, propose
    from observatoire.settings import memory_ceiling

    start = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = {sql_literal(folder / 'duckdb')}")
        connection.execute(f"SET memory_limit = '{memory_ceiling()}B'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET threads = 2")
        names, candidates = (f"read_parquet({sql_literal(folder / nom)})" for nom in ("noms.parquet", "candidats.parquet"))
        connection.execute(f"CREATE TEMP VIEW noms_lus AS SELECT nom, code_commune FROM {names}")
        connection.execute(f"CREATE TEMP VIEW candidats_lus AS SELECT identifiant, nom, [code_commune] AS communes, NULL AS famille, false AS est_local, true AS est_actif FROM {candidates}")
        normalise_candidates(connection, "candidats_lus", folder / "normalises.parquet")
        ready = time.perf_counter()
        propose(connection, "noms_lus", folder / "normalises.parquet", folder / "propositions.parquet")
    done = time.perf_counter()
    (folder / "secondes.json").write_text(json.dumps({"normaliser_s": ready - start, "chercher_s": done - ready}))


def found(folder: Path) -> dict[str, object]:
    """Count the altered names whose origin is among their proposals, by rank and by alteration."""
    with duckdb.connect() as connection:
        names, proposals = (sql_literal(folder / nom) for nom in ("noms.parquet", "propositions.parquet"))
        rows = connection.execute(f"""
            SELECT n.alteration, min(p.rang) FILTER (p.identifiant = n.vrai) AS rang
            FROM read_parquet({names}) n LEFT JOIN read_parquet({proposals}) p
              ON p.nom = n.nom AND p.code_commune IS NOT DISTINCT FROM n.code_commune
            GROUP BY n.alteration, n.vrai""").fetchall()
        per_name = connection.execute(f"SELECT count(*) FROM read_parquet({proposals})").fetchall()[0][0] / len(rows)
    kinds = Counter(kind for kind, _ in rows)
    again = Counter(kind for kind, rank in rows if rank is not None)
    return {
        "rappel_10": sum(rank is not None for _, rank in rows) / len(rows),
        "rappel_1": sum(rank == 1 for _, rank in rows) / len(rows),
        "propositions_par_nom": round(per_name, 2),
        "par_alteration": {kind: round(again[kind] / kinds[kind], 4) for kind in sorted(kinds)},
    }


def main() -> int:
    """Run the bench; return 1 when a promise is not held."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.noms", description="Mesurer le rapprochement des noms.")
    parser.add_argument("--noms", type=int, default=100_000)
    parser.add_argument("--candidats", type=int, default=2_000_000)
    parser.add_argument("--dossier", type=Path, help="où générer ; les fichiers y restent et resservent")
    parser.add_argument("--sortie", type=Path, default=RACINE / "warehouse" / "bench_noms.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-noms-") as temporary:
        folder = Path(temporary)
        try:
            run("tests.bench.noms", "generer", folder, options.candidats, options.noms, folder=folder)
            cost = run("tests.bench.noms", "chercher", folder, folder=folder)
        except RunFailed as failure:
            print(failure, file=sys.stderr)
            return 2
        figures = {
            "noms": options.noms,
            "candidats": options.candidats,
            "duree_s": round(cost.wall_s, 1),
            "processeur_s": round(cost.cpu_s, 1),
            "memoire_mo": round(cost.peak_mb),
            **json.loads((folder / "secondes.json").read_text(encoding="utf-8")),
            **found(folder),
        }
    promises = {
        "moins de 5 minutes": cost.wall_s < 300,
        "moins de 2 Go": cost.peak_mb < 2000,
        "95 % des noms altérés parmi les propositions": float(str(figures["rappel_10"])) >= 0.95,
    }
    options.sortie.parent.mkdir(parents=True, exist_ok=True)
    options.sortie.write_text(json.dumps({**figures, "tenu": promises}, ensure_ascii=False, indent=1), encoding="utf-8")
    print(options.sortie.read_text(encoding="utf-8"))
    return 0 if all(promises.values()) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["generer", where, candidates, names]:
            generate(Path(where), int(candidates), int(names))
        case ["chercher", where]:
            search(Path(where))
        case _:
            raise SystemExit(main())
