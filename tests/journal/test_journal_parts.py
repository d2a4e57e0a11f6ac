"""What the journal gives to each cause adds up, and undoes no secret."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as parquet
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from observatoire.journal import writing
from observatoire.journal.attribution import attribute
from observatoire.journal.causes import ORDRE, Cause
from observatoire.journal.differences import comparable_values, compare_values
from observatoire.journal.writing import JOURNAL, TOUS
from observatoire.warehouse import sql_literal
from tests.hasard import exemples
from tests.journal.atelier import Atelier, lignes_de, somme


def test_le_resume_ecrit_ses_nombres_en_francais():
    bilan = dict.fromkeys(writing.CHANGEMENTS, 0) | {"disparue": 57266}
    journal = writing._empty("comparee", {"release": "r", "cree_le": "2026-01-01"}, "a") | {"bilan": [bilan]}
    assert writing._sum_up(journal).startswith("57\u202f266 valeurs disparues.")


def test_le_journal_ne_defait_aucun_secret(atelier: Atelier):
    """Payroll of one employer in a commune: nothing of it, before or after, nor of the totals beside it."""
    petite = atelier.petite

    def paies(*valeurs: int) -> None:
        petite.protegee("paie", [petite.ligne("commune:63001", v, unite=f"u{i}", repondant=f"r{i}") for i, v in enumerate(valeurs)])
        atelier.lire("depot_paie", valeurs)

    paies(70001, 70003, 70007, 70013, 70019)
    avant = atelier.publier()
    paies(70001, 70003, 70007, 70013, 70019, 81817, 81819, 81821)
    journal = atelier.publier()
    assert avant["cas"] == "premiere" and journal["nombre_changements"]
    montres = [ligne for ligne in journal["changements"] if ligne["indicateur"] == "paie"]
    assert montres and not any(ligne["est_montrable"] for ligne in montres)
    chiffres = ("valeur_avant", "valeur_apres", "ecart", "ecart_pct", "borne_basse_avant", "borne_haute_apres")
    assert all(ligne[chiffre] is None for ligne in montres for chiffre in chiffres)
    assert not any(ligne["parts"] for ligne in montres)
    ecrit = (atelier.dossier / JOURNAL).read_text(encoding="utf-8") + atelier.page()
    ecrit += str(parquet.read_table(atelier.dossier / TOUS).to_pylist())
    assert not [nombre for nombre in ("350043", "595500", "245457", "350 043") if nombre in ecrit]
    assert "chiffres non repris" in atelier.page()


def test_un_nom_qui_n_est_plus_publie_n_est_pas_redit(atelier: Atelier):
    """It may be one that somebody asked not to be named: the total alone tells the change."""
    nommee = atelier.petite.lignes("commune:63001", 5, "beneficiaire", "Cercle discret", unite="u")
    restee = atelier.petite.lignes("commune:63001", 3, "beneficiaire", "Cercle visible", unite="v")
    atelier.deposer("m", nommee + restee)
    somme(atelier)
    atelier.publier()
    atelier.deposer("m", [{**ligne, "valeur": ligne["valeur"] + 1} for ligne in restee])
    journal = atelier.publier()
    ecrit = json.dumps(journal, default=str, ensure_ascii=False) + atelier.page()
    ecrit += str(parquet.read_table(atelier.dossier / TOUS).to_pylist())
    assert "Cercle discret" not in ecrit and "Cercle visible" in ecrit
    assert {ligne["ecart"] for ligne in journal["changements"] if ligne["axe"] == "total"} == {"-4"}


def test_une_valeur_que_son_producteur_retire_n_est_pas_redite(atelier: Atelier):
    """A free figure that is withheld now: what it was is not printed beside."""
    valeurs = _valeurs({("m", "A"): ("7654.5", "F"), ("m", "B"): ("3", "F")}), _valeurs(
        {("m", "A"): (None, "C"), ("m", "B"): ("5", "F")}
    )
    somme(atelier)
    atelier.deposer("m", lignes_de(atelier, 1))
    lignes = _attribuer([*valeurs], [Cause("source", ("depot_m",), ("d",))], [])
    par_code = {ligne["code_territoire"]: ligne for ligne in lignes}
    assert par_code["A"]["changement"] == "confidentialite" and "7654" not in str(par_code["A"])
    assert par_code["B"]["ecart"] == 2


def _valeurs(cellules: dict[tuple[str, str], tuple[str | None, str]]) -> str:
    """Write a table of values as SQL."""
    lignes = [
        f"('{nom}', 'epci', '{code}', '2024', 'total', 'total', 'L', {f'{v}::DOUBLE' if v else 'NULL'}, NULL::DOUBLE, "
        f"NULL::DOUBLE, 'u', {f'{v}::DECIMAL(38,6)' if v else 'NULL'}, NULL::DECIMAL(38,6), 1, 'A', '{conf}', 'reelle')"
        for (nom, code), (v, conf) in cellules.items()
    ] or ["(" + ", ".join(["NULL"] * 17) + ")"]
    colonnes = (
        "indicateur, niveau, code_territoire, periode, axe, modalite, libelle_territoire, valeur, borne_basse, borne_haute, "
        "unite, numerateur, denominateur, nombre_unites, statut_observation, statut_confidentialite, nature"
    )
    return f"(FROM (VALUES {', '.join(lignes)}) t ({colonnes}) WHERE indicateur IS NOT NULL)"


def _attribuer(tables: list[str], causes_: list[Cause], etapes: list[Path]) -> list[dict[str, Any]]:
    with duckdb.connect() as connexion:
        compare_values(connexion, tables[0], tables[-1])
        attribute(connexion, causes_, etapes)
        curseur = connexion.execute("FROM changements")
        colonnes = [colonne[0] for colonne in curseur.description]
        return [dict(zip(colonnes, ligne, strict=True)) for ligne in curseur.fetchall()]


CENTIMES = st.one_of(st.none(), st.integers(-(10**12), 10**12).map(lambda entier: f"{Decimal(entier) / 100:f}"))


@exemples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    etats=st.lists(st.dictionaries(st.sampled_from("ABCDE"), CENTIMES), min_size=2, max_size=6),
)
@example(etats=[{"A": "1", "B": "1", "C": "1"}, {"A": None, "C": "2"}, {"A": "3", "B": "3", "C": "4"}])
def test_les_parts_font_toujours_le_tout(atelier: Atelier, etats: list[dict[str, str | None]]):
    """Any values, before and after each of one to five causes: the parts add up to the change, or there are none."""
    if not (atelier.petite.declarations / "sources" / "depot_m").exists():
        atelier.deposer("m", lignes_de(atelier, 1))
        somme(atelier)
    tables = [_valeurs({("m", code): (v, "F") for code, v in etat.items()}) for etat in etats]
    causes_ = [Cause(nom, ("depot_m",), ("d",), est_partout=True) for nom in ORDRE[: len(etats) - 1]]
    etapes = []
    for rang, table in enumerate(tables[1:-1]):
        etapes.append(atelier.entrepot.racine / f"etape{rang}.parquet")
        with duckdb.connect() as connexion:
            connexion.execute(f"COPY {table} TO {sql_literal(etapes[-1])} (FORMAT parquet)")
    lignes = {ligne["code_territoire"]: ligne for ligne in _attribuer(tables, causes_, etapes)}
    for code in "ABCDE":
        absent = object()
        avant, apres = (etat.get(code, absent) for etat in (etats[0], etats[-1]))
        assert (code in lignes) == (avant != apres and not _egaux(avant, apres, absent))
        if code not in lignes:
            continue
        ligne = lignes[code]
        parts = [ligne[f"part_{nom}"] for nom in ORDRE if ligne[f"part_{nom}"] is not None]
        if ligne["ecart"] is not None and ligne["causes"] != ["melees"]:
            assert ligne["ecart"] == Decimal(str(apres)) - Decimal(str(avant)) == sum(parts)
            trajet = [etat.get(code) for etat in etats]
            bougees = [nom for nom, (u, v) in zip(ORDRE, zip(trajet, trajet[1:], strict=False), strict=False) if Decimal(u) != Decimal(v)]
            assert ligne["causes"] == bougees
        else:
            assert not parts


def _egaux(avant: Any, apres: Any, absent: object) -> bool:
    return avant is not absent and apres is not absent and None not in (avant, apres) and Decimal(avant) == Decimal(apres)


def test_une_somme_en_euros_est_comparee_telle_quelle():
    """As a float, 123 456 789 012,35 € has noise at the sixth decimal."""
    with duckdb.connect() as connexion:
        table = _valeurs({("m", "A"): ("123456789012.35", "F")})
        assert connexion.execute(f"SELECT exacte FROM ({comparable_values(table)})").fetchall() == [
            (Decimal("123456789012.350000"),)
        ]
