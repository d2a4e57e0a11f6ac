"""What unfolding is worth, line by line: `python -m tests.bench.deplier [seed]`, a few minutes.

Ten values of each indicator at random, from a small release on demonstration files and the real grants where they are;
each term unfolded; one of its lines deleted from its file, then ten others of the same source that no term unfolds to;
all of it computed again from the files. Ends with 1 when a term does not move as its lines foretold.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from observatoire.releases.lifecycle import current_release
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot, erase
from tests.chaine import entrepot_ici, lancer, petit_raw, raisons
from tests.donnees import dossier_donnees, poser_subventions_cam
from tests.unfolding.effacer_lignes import dix_autres_par_terme, ecarts, tirer, une_ligne_par_terme

VALEURS = 10


def main(graine: str = "2026") -> int:
    """Draw, unfold, delete, compute again, compare; print what came of it."""
    dossier = Path(tempfile.mkdtemp())
    try:
        return _run(dossier / "publie", Random(int(graine)))  # noqa: S311 — a draw that repeats
    finally:
        erase(dossier)


def _run(dossier: Path, hasard: Random) -> int:
    petit_raw(dossier / "raw")
    if dossier_donnees() is not None:
        poser_subventions_cam(dossier / "raw")
    os.environ["OBSERVATOIRE_RAW"], os.environ["OBSERVATOIRE_WAREHOUSE"] = f"{dossier}/raw", f"{dossier}/warehouse"
    resultat = lancer()
    if not resultat.success:
        print(raisons(resultat))
        return 1
    entrepot = entrepot_ici()
    debut = time.perf_counter()
    tires = tirer(entrepot, str(current_release(entrepot)), VALEURS, hasard)
    noms = {tire.indicateur for tire in tires}
    autres = sum(not tire.est_somme for tire in tires)
    print(f"{len(tires)} termes de {len(noms)} indicateurs, dépliés en {time.perf_counter() - debut:.0f} s : chacun est")
    print(f"égal à ce que ses lignes redonnent, dont {autres} médianes, comptes distincts et concentrations.")
    fautes = 0
    for titre, choisir in (("une ligne dépliée", une_ligne_par_terme), ("dix autres lignes", dix_autres_par_terme)):
        copie = dossier.with_name("copie")
        erase(copie)
        shutil.copytree(dossier, copie, symlinks=True)
        essai = Entrepot(Settings(copie / "raw", copie / "warehouse", entrepot.settings.territoire))
        effacees = choisir(entrepot, tires, hasard)
        comptes, faux = ecarts(essai, tires, effacees)
        print(f"{titre} par terme, {len(effacees)} effacées : {dict(comptes)}, {len(faux)} faux")
        print("\n".join(faux))
        fautes += len(faux)
    return 1 if fautes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
