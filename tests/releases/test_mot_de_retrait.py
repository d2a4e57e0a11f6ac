"""The word of a retraction: its owner's alone, the same until it is used, then another."""

import stat

import pytest

from observatoire.obstacle import Obstacle
from observatoire.releases.retraction_word import (
    FICHIER,
    check_retraction_word,
    renew_retraction_word,
    retraction_word,
    written_word,
)
from observatoire.warehouse import Entrepot


def test_le_mot_est_au_proprietaire_et_ne_sert_qu_une_fois(entrepot: Entrepot):
    mot = retraction_word(entrepot)
    assert stat.S_IMODE((entrepot.racine / FICHIER).stat().st_mode) == 0o600
    assert retraction_word(entrepot) == mot and len(mot) >= 12
    for faux in ("", mot[1:], mot + "0", "é"):
        with pytest.raises(Obstacle, match="observatoire etat"):
            check_retraction_word(entrepot, faux)
    check_retraction_word(entrepot, mot)
    renew_retraction_word(entrepot)
    with pytest.raises(Obstacle):
        check_retraction_word(entrepot, mot)
    assert written_word(entrepot) not in (mot, None)


def test_aucun_mot_demande_n_en_ouvre_pas_un_vide(entrepot: Entrepot):
    with pytest.raises(Obstacle):
        check_retraction_word(entrepot, "")
