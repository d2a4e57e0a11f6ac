"""What Urssaf says of the latest year: totals of départements by family, cells of communes, gaps between its tables.

Never two of its tables in one equality: they differ by definition, the gap is measured and becomes a tolerance.
"""

from dataclasses import dataclass

import duckdb
import pandas as pd

# beyond this two tables of Urssaf do not speak of the same thing: neither corrects nor divides the other
ECART_MAXIMUM_PCT = 15.0


@dataclass(frozen=True)
class TotauxUrssaf:
    """What Urssaf says of a year.

    Attributes:
        annee: the year.
        ess: `code_departement, famille_urssaf, effectifs, comptes, masse` of the ESS, null where it is not said.
        familles: family of the observatory of each label of Urssaf.
        cells: `code_commune, code_naf, comptes, mesure` of the communes × activities, with the number of employers of
            any kind that Sirene knows there (`tous_employeurs`).
        ecarts_communes: jobs of the table of communes over those of the table of départements, minus 1; without the
            départements where a part of either is not said.
        ecarts_epci: for each EPCI, the same gap of the table of EPCI, that of its régions, the largest; likewise.
    """

    annee: int
    ess: pd.DataFrame
    familles: dict[str, str]
    cells: pd.DataFrame
    ecarts_communes: dict[str, float]
    ecarts_epci: dict[str, float]

    @property
    def departements(self) -> set[str]:
        """Départements that have a row."""
        return set(self.ess["code_departement"])

    def of(self, departement: str, modalite: str) -> tuple[float | None, float | None]:
        """Return the jobs and the accounts of a family, or of all; None for the one of which a part is not said.

        A family without a row is absent from the département: a zero, as Urssaf has no row of zeros.
        """
        lignes = self.ess[self.ess["code_departement"] == departement]
        if modalite != "total":
            lignes = lignes[lignes["famille_urssaf"].map(self.familles) == modalite]
        total, comptes = (
            None if lignes[nom].isna().any() else float(lignes[nom].sum()) for nom in ("effectifs", "comptes")
        )
        return total, comptes

    def unknown_labels(self, departement: str) -> list[str]:
        """Return the labels of a département that stand for no family of the observatory."""
        lus = self.ess.loc[self.ess["code_departement"] == departement, "famille_urssaf"]
        return sorted(set(lus) - set(self.familles))

    def pay_per_job(self, departement: str) -> float | None:
        """Return the mean gross pay of a job of the ESS in the département, in euros a year."""
        lignes = self.ess[self.ess["code_departement"] == departement]
        if lignes[["effectifs", "masse"]].isna().any(axis=None) or not lignes["effectifs"].sum():
            return None
        return float(lignes["masse"].sum() / lignes["effectifs"].sum())

    def gap_of_communes(self, departement: str) -> float | None:
        """Return the gap of the table of communes in a département, None when it says nothing there."""
        return self.ecarts_communes.get(departement)

    def gap_of_epci(self, code: str) -> float | None:
        """Return the tolerance of a share over the table of EPCI, in percent; None when it is not known."""
        ecart = self.ecarts_epci.get(code)
        return None if ecart is None else round(100 * abs(ecart), 2)


def read_totals(connexion: duckdb.DuckDBPyConnection, annee: int) -> TotauxUrssaf:
    """Read what Urssaf says of a year."""
    ess = connexion.execute(f"""
        SELECT code_departement, famille_ess AS famille_urssaf, effectifs_salaries_moyens::DOUBLE AS effectifs,
               nombre_etablissements::DOUBLE AS comptes, masse_salariale_eur::DOUBLE AS masse
        FROM socle.urssaf_ess_departements WHERE est_ess AND annee = {annee} ORDER BY ALL""").df()
    familles = dict(connexion.execute("SELECT famille_urssaf, famille FROM referentiels.familles_urssaf").fetchall())
    cellules = connexion.execute(f"""
        SELECT code_commune, code_naf, u.nombre_etablissements::DOUBLE AS comptes,
               u.effectifs_salaries::DOUBLE AS mesure, e.tous_employeurs
        FROM socle.emplois_prives_communes u
        JOIN (SELECT code_territoire AS code_commune, code_naf, count(*) AS tous_employeurs
              FROM socle.etablissements
              WHERE est_actif AND est_employeur AND niveau = 'commune' AND code_naf IS NOT NULL
              GROUP BY ALL HAVING bool_and(est_ess)) e USING (code_commune, code_naf)
        WHERE annee = {annee} AND u.nombre_etablissements > 0 AND u.effectifs_salaries > 0 ORDER BY ALL""").df()
    departements = f"""
        SELECT code_departement, sum(effectifs_salaries_moyens)::DOUBLE AS effectifs
        FROM socle.urssaf_ess_departements WHERE annee = {annee}
        GROUP BY ALL HAVING count(effectifs_salaries_moyens) = count(*)"""
    ecarts_communes = connexion.execute(f"""
        SELECT code_departement, c.effectifs / d.effectifs - 1
        FROM ({departements}) d
        JOIN (SELECT code_departement, sum(effectifs_salaries)::DOUBLE AS effectifs FROM socle.emplois_prives_communes
              WHERE annee = {annee} GROUP BY ALL HAVING count(effectifs_salaries) = count(*)) c USING (code_departement)
        WHERE d.effectifs > 0""").fetchall()
    ecarts_epci = connexion.execute(f"""
        WITH places AS (SELECT DISTINCT code_departement, code_region, code_epci FROM referentiels.communes),
        regions AS (
            SELECT code_region, sum(effectifs) AS effectifs
            FROM (SELECT DISTINCT code_departement, code_region FROM places)
            LEFT JOIN ({departements}) USING (code_departement) GROUP BY ALL HAVING count(effectifs) = count(*)),
        epci AS (
            SELECT code_region, sum(effectifs_salaries_moyens)::DOUBLE AS effectifs FROM socle.urssaf_prive_epci
            WHERE annee = {annee} GROUP BY ALL HAVING count(effectifs_salaries_moyens) = count(*)),
        ecarts AS (
            SELECT code_region, e.effectifs / r.effectifs - 1 AS ecart FROM epci e JOIN regions r USING (code_region)
            WHERE r.effectifs > 0)
        SELECT code_epci, max_by(ecart, abs(ecart)) FROM (SELECT DISTINCT code_epci, code_region FROM places)
        LEFT JOIN ecarts USING (code_region)
        WHERE code_epci IS NOT NULL GROUP BY ALL HAVING count(ecart) = count(*)""").fetchall()
    return TotauxUrssaf(annee, ess, familles, cellules, dict(ecarts_communes), dict(ecarts_epci))
