"""What is right is not told: a letter that asks a producer about what it did well is not read twice."""

from tests.depots import SUBVENTION, charger_source, deposer, en_csv, regles


def dites(entrepot, *lignes: dict[str, str]) -> dict[tuple[str, str], int]:
    """Load grants that each change something of a good one; count what is told of them."""
    completes = [{**SUBVENTION, "referenceDecision": "", "objet": f"o{n}", **li} for n, li in enumerate(lignes)]
    deposer(entrepot, "subventions", "s_2024.csv", en_csv(completes))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    return regles(entrepot, "subventions")


def test_des_references_qui_sont_les_jours_du_conseil_ne_se_signalent_pas(entrepot):
    jours = [{"referenceDecision": f"2024-06-{jour:02}"} for jour in range(1, 9)]
    assert dites(entrepot, *jours, {"referenceDecision": "DEL 1"}) == {}


def test_une_reference_devenue_date_parmi_d_autres_se_signale(entrepot):
    autres = [{"referenceDecision": f"DEL {rang}"} for rang in range(3)]
    assert dites(entrepot, *autres, {"referenceDecision": "2-juil"}) == {("signalement", "reference_en_date"): 1}


def test_un_siret_d_attribuant_avec_et_sans_blancs_est_le_meme(entrepot):
    assert ("signalement", "attribuant_change") not in dites(entrepot, {}, {"idAttribuant": "246 300 701 00017"})
