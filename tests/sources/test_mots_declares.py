"""A word of `source.yml` that names nothing refuses as declarations load: where, and what is known."""

import re
from dataclasses import replace

import pytest

from observatoire.declarations import declared
from observatoire.obstacle import Obstacle
from observatoire.sources import Source, misnamed, sources


@pytest.mark.parametrize(
    ("champs", "motif"),
    [
        ({"famille": "refrences"}, "ressemble à « references »"),
        ({"embarque": "absent.csv"}, "« absent.csv » n'est pas un fichier"),
        ({"fraicheur": "colonne_absente"}, "fraicheur : colonne « colonne_absente » inconnue de table.py"),
        ({"publiee_si": "est_publique AND"}, "publiee_si : .* n'est pas du SQL"),
        ({"publiee_si": "montan > 0"}, "publiee_si : colonne « montan » inconnue.*Écrire « montant_eur »"),
        ({"anonyme_si": "est_inconnue"}, "anonyme_si : colonne « est_inconnue » inconnue"),
        ({"tue": "CASE WHEN"}, "tue : .* n'est pas du SQL"),
    ],
)
def test_un_mot_qui_ne_nomme_rien_est_refuse(champs: dict[str, str], motif: str):
    reproche = misnamed(replace(sources()["subventions"], **champs), {"references", "budgets"})
    assert reproche and re.search(motif, reproche), reproche


@pytest.mark.parametrize("champs", [{"anonyme_si": " "}, {"publiee_si": ""}, {"demonstration": "nimporte"}, {"embarque": "../x.csv"}])
def test_un_mot_vide_ou_inconnu_est_refuse(champs: dict[str, str]):
    dit = {
        "titre": "T", "description": "D", "famille": "budgets", "producteur": "P", "licence": "L", "diffusion": "publique",
    }  # fmt: skip
    with pytest.raises(Obstacle):
        declared(Source, {**dit, **champs}, "source.yml", nom="x")


def test_une_famille_nouvelle_est_un_nouveau_groupe():
    assert misnamed(replace(sources()["subventions"], famille="mobilier"), {"references", "budgets"}) is None
