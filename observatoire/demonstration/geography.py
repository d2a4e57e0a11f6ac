"""The territories the demonstration spreads its rows over, read from the reference tables of the product.

Belongs here: which communes, with what population, under which labels, and what the producers' own geographies add
(former régions, municipal arrondissements). Does not: changes of the communal map, nor the nesting of territories.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

ANCIENNES_REGIONS = {
    "01": ("Guadeloupe", "971"),
    "02": ("Martinique", "972"),
    "03": ("Guyane", "973"),
    "04": ("La Réunion", "974"),
    "11": ("Île-de-France", "75 77 78 91 92 93 94 95"),
    "21": ("Champagne-Ardenne", "08 10 51 52"),
    "22": ("Picardie", "02 60 80"),
    "23": ("Haute-Normandie", "27 76"),
    "24": ("Centre", "18 28 36 37 41 45"),
    "25": ("Basse-Normandie", "14 50 61"),
    "26": ("Bourgogne", "21 58 71 89"),
    "31": ("Nord-Pas-de-Calais", "59 62"),
    "41": ("Lorraine", "54 55 57 88"),
    "42": ("Alsace", "67 68"),
    "43": ("Franche-Comté", "25 39 70 90"),
    "52": ("Pays de la Loire", "44 49 53 72 85"),
    "53": ("Bretagne", "22 29 35 56"),
    "54": ("Poitou-Charentes", "16 17 79 86"),
    "72": ("Aquitaine", "24 33 40 47 64"),
    "73": ("Midi-Pyrénées", "09 12 31 32 46 65 81 82"),
    "74": ("Limousin", "19 23 87"),
    "82": ("Rhône-Alpes", "01 07 26 38 42 69 73 74"),
    "83": ("Auvergne", "03 15 43 63"),
    "91": ("Languedoc-Roussillon", "11 30 34 48 66"),
    "93": ("Provence-Alpes-Côte d'Azur", "04 05 06 13 83 84"),
    "94": ("Corse", "2A 2B"),
}
"""The 22 régions of mainland France before 2016 and the overseas ones, with their départements (Insee, COG 2015)."""


@dataclass(frozen=True)
class Geography:
    """Communes of the départements of France and the labels of the territories they belong to.

    Attributes:
        communes: one row per commune, population as an integer, `code_epci` empty when there is none.
        labels: label of each (`niveau`, `code_territoire`).
        former: former and delegated communes, with the département they are in; no municipal arrondissement.
        current: commune of today of each former code, municipal arrondissements included.
    """

    communes: pd.DataFrame
    labels: dict[tuple[str, str], str]
    former: pd.DataFrame
    current: dict[str, str]

    @classmethod
    def read(cls, references: Path) -> "Geography":
        """Read the communes and their levels; leave out the collectivities that no source here covers."""
        communes = pd.read_csv(references / "communes.csv", dtype="str", keep_default_na=False, engine="pyarrow")
        zonages = pd.read_csv(references / "zonages.csv", dtype="str", keep_default_na=False)
        keys = zip(zonages["niveau"], zonages["code_territoire"], strict=True)
        labels = dict(zip(keys, zonages["libelle"], strict=True))
        departements = zonages.loc[zonages["niveau"] == "departement", "code_territoire"]
        communes = communes[communes["code_departement"].isin(departements)].reset_index(drop=True)
        # The six villages destroyed in 1916 have no inhabitants, sometimes no figure.
        population = pd.to_numeric(communes["population_municipale"]).fillna(0).astype("int64")
        old = pd.read_csv(references / "communes_anciennes.csv", dtype="str", keep_default_na=False)
        current = dict(zip(old["code_ancien"], old["code_commune"], strict=True))
        old = old[old["type_ancien"] != "arrondissement-municipal"].rename(
            columns={"code_ancien": "ancien", "libelle_ancien": "libelle_commune"}
        )
        places = communes[["code_commune", "code_departement"]]
        former = old.merge(places, on="code_commune").assign(code_commune=lambda table: table["ancien"])
        columns = ["code_commune", "libelle_commune", "code_departement"]
        return cls(communes.assign(population_municipale=population), labels, former[columns], current)

    def without_mayotte(self) -> pd.DataFrame:
        """Return the communes in the field of Urssaf and Flores, which leaves Mayotte out."""
        return self.communes[self.communes["code_departement"] != "976"].reset_index(drop=True)

    def label(self, niveau: str, codes: pd.Series) -> pd.Series:
        """Return the labels of territories of one level."""
        return codes.map(lambda code: self.labels[niveau, code])

    def sirene_communes(self, departements: tuple[str, ...] | None) -> pd.DataFrame:
        """Return the communes as Sirene codes them, each with its weight (`poids`).

        Paris, Lyon and Marseille are coded by arrondissement, in equal shares. An address keeps the code it was given:
        one in 200 bears that of a former commune, one in 5,000 a code that was never one.
        """
        communes, former = self.communes, self.former
        if departements is not None:
            communes = communes[communes["code_departement"].isin(departements)]
            former = former[former["code_departement"].isin(departements)]
        if communes.empty:
            raise ValueError(
                f"aucune commune dans {departements} : vérifier les codes des départements (« 63 », « 2A »)"
            )
        split = {"75056": range(75101, 75121), "69123": range(69381, 69390), "13055": range(13201, 13217)}
        codes = communes["code_commune"].map(lambda code: [str(part) for part in split.get(code, [code])])
        weight = communes["population_municipale"] / codes.str.len() / communes["population_municipale"].sum()
        current = communes.assign(code_commune=codes, poids=weight).explode("code_commune", ignore_index=True)
        wrong = pd.DataFrame({"code_departement": communes["code_departement"].unique(), "libelle_commune": "INCONNUE"})
        wrong["code_commune"] = wrong["code_departement"].str.ljust(5, "9")
        parts = [
            current.assign(poids=current["poids"] * 0.9948),
            former.assign(poids=0.005 / max(len(former), 1)),
            wrong.assign(poids=0.0002 / len(wrong)),
        ]
        return pd.concat([part[[*self.former, "poids"]] for part in parts], ignore_index=True)
