"""The ordinary and the large way of reading say the same of any file."""

import datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from observatoire.sources import Source, sources
from observatoire.sources.states import Etat
from tests.depots import charger_source, comptes_justes, deposer, en_csv, rejets, table
from tests.hasard import exemples
from tests.loading.volumineuses import BON, ENTETE, SOURCE, _entrepot
from tests.petit_sirene import siren, siret

# ---- both ways of reading say the same


def _hors_champ(self: Source, rangs: pd.DataFrame) -> pd.Series:
    """Say in Python what `HORS_CHAMP` says in SQL."""
    (sans_salarie, _), (sans_date, _), (anciens, _) = sources()[SOURCE].hors_champ_sql
    ferme = rangs["etat_administratif"] == "F"
    employeur = rangs["est_employeur"].fillna(False)
    annees = pd.Series([0 if pd.isna(jour) else jour.year for jour in rangs["date_debut"]], index=rangs.index)
    aucune = pd.Series(None, index=rangs.index, dtype="str")
    vieux = aucune.mask((ferme & (annees < datetime.date.today().year - 10)).fillna(False).astype(bool), anciens)  # noqa: DTZ011
    vieux = vieux.mask((ferme & rangs["date_debut"].isna()).fillna(False).astype(bool), sans_date)
    return vieux.mask((ferme & ~employeur).fillna(False).astype(bool), sans_salarie)


VALEURS = {
    "siren": [BON["siren"], "5520135", " 5520135 ", siren(1), "123456789", "", "  ", "abc", "0005520135"],
    "siret": [BON["siret"], "552013500038", siret(siren(1)), siret(siren(2)), "", "12345678901234", "3.8E+13"],
    "statutDiffusionEtablissement": ["O", "P", "N", "", "X", " O "],
    "dateCreationEtablissement": ["2024-01-31", "31/01/2024", "1900-01-01", "", "hier", "2024-02-30", "2024-1-5"],
    "trancheEffectifsEtablissement": ["01", "NN", "", "1", "99"],
    "anneeEffectifsEtablissement": ["2023", "", " 2023"],
    "etablissementSiege": ["true", "false", "", "Oui", "?"],
    "codeCommuneEtablissement": ["63113", "1004", "[ND]", "", "ABCDE", "2A004", "631"],
    "etatAdministratifEtablissement": ["A", "A", "A", "F", "F", "", "C"],
    "dateDebut": ["2010-01-01", "2025-03-31", "1900-01-01", "", "2025-13-01"],
    "activitePrincipaleEtablissement": ["88.99B", "85.3K", ""],
    "nomenclatureActivitePrincipaleEtablissement": ["NAFRev2", "NAF25", "NAP", ""],
    "caractereEmployeurEtablissement": ["O", "N", "", "?"],
    "dateDernierTraitementEtablissement": ["2026-09-30T12:51:34", "", "2026-09-30 / 2026-10-01"],
    "libelleCommuneEtablissement": ["AMBÉRIEU, L'ÉTÉ", 'dit "LE BOURG"', "A;B", "€"],
}
LIGNE_AU_HASARD = st.fixed_dictionaries(
    {**{nom: st.just(valeur) for nom, valeur in BON.items()}, **{nom: st.sampled_from(v) for nom, v in VALEURS.items()}}
)
MALFORMEE = st.sampled_from(["x,y", "seul", ",".join("abcdefghijklmnopqrstuvwxyz")])


@exemples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rangs=st.lists(LIGNE_AU_HASARD | LIGNE_AU_HASARD | LIGNE_AU_HASARD | MALFORMEE, min_size=1, max_size=15),
    encodage=st.sampled_from(["utf-8", "cp1252"]),
    fin=st.sampled_from(["\n", "\r\n"]),
)
@example(rangs=[BON, "x,y", BON, {**BON, "siret": ""}, "seul"], encodage="utf-8", fin="\n")
@example(
    rangs=[{**BON, "caractereEmployeurEtablissement": "?", "etatAdministratifEtablissement": "F"}],
    encodage="utf-8",
    fin="\n",
)
def test_les_deux_chemins_gardent_et_refusent_les_memes_lignes(tmp_path_factory, rangs, encodage, fin):
    contenu = [ENTETE, *(r if isinstance(r, str) else en_csv([r]).splitlines()[1] for r in rangs)]
    charges: list[tuple[Etat, list[Any], set[Any]]] = []
    for volumineuse in (True, False):
        entrepot = _entrepot(tmp_path_factory.mktemp("chemin"))
        deposer(entrepot, SOURCE, "s.csv", (fin.join(contenu) + fin).encode(encodage))
        with pytest.MonkeyPatch.context() as remplacements:
            remplacements.setattr(Source, "hors_champ", _hors_champ)
            etat = charger_source(entrepot, SOURCE, volumineuse=volumineuse, plafond_rejets_pct=100)
        assert etat.etat == "a_jour", etat.motif
        assert comptes_justes(etat) and etat.lignes_retenues == len(table(entrepot, SOURCE))
        assert etat.fichiers[0].lignes_lues == len(rangs)
        dits = {tuple(r[nom] for nom in ("ligne", "colonne", "regle", "gravite")) for r in rejets(entrepot, SOURCE)}
        assert len(dits) == len(rejets(entrepot, SOURCE)), "chaque raison est dite une fois"
        charges.append((etat, sorted(table(entrepot, SOURCE), key=lambda ligne: ligne["_ligne"]), dits))
    (bulk_dit, bulk_garde, bulk_rejette), (python_dit, python_garde, python_rejette) = charges
    assert bulk_garde == python_garde
    assert bulk_rejette == python_rejette
    assert bulk_dit.fichiers[0].motifs_hors_champ == python_dit.fichiers[0].motifs_hors_champ
    assert bulk_dit.fichiers == python_dit.fichiers


def test_toute_source_volumineuse_a_des_regles_de_champ_en_sql():
    volumineuses = [source for source in sources().values() if source.volumineuse]
    assert SOURCE in {source.nom for source in volumineuses}
    for source in volumineuses:
        assert not hasattr(source.module, "preparer") and not hasattr(source.module, "hors_champ"), source.nom
