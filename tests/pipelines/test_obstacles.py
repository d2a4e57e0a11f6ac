"""One exception says what a person can mend, one place of `pipelines` makes it a failure, and only that one."""

import ast
from pathlib import Path

import dagster as dg
import pytest

from observatoire.obstacle import Obstacle
from pipelines import failing
from pipelines.failing import obstacles_told


class Particulier(Obstacle):
    pass


def test_un_obstacle_devient_un_echec_dans_ses_mots_sans_nouvel_essai():
    with pytest.raises(dg.Failure) as echec, obstacles_told():
        raise Particulier("le fichier manque : le déposer, puis relancer")
    assert echec.value.description == "le fichier manque : le déposer, puis relancer"
    assert not echec.value.allow_retries and echec.value.__suppress_context__


def test_une_erreur_du_programme_reste_une_erreur():
    with pytest.raises(ZeroDivisionError), obstacles_told():
        raise ZeroDivisionError


def test_aucun_autre_endroit_ne_fait_d_une_exception_un_echec():
    for chemin in sorted(Path(failing.__file__).parent.rglob("*.py")):
        attrapees = [
            noeud for noeud in ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))) if isinstance(noeud, ast.ExceptHandler)
        ]
        for attrapee in attrapees:
            leves = [ast.unparse(n.exc) for n in ast.walk(attrapee) if isinstance(n, ast.Raise) and n.exc is not None]
            assert chemin.name == "failing.py" or not [leve for leve in leves if "Failure" in leve], chemin
