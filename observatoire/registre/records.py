"""What the register holds: project leaders, territorial offers, and what makes a good record. Storing is elsewhere."""

from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

from observatoire.obstacle import Obstacle

ETAPES = ("idée", "étude", "création", "reprise", "développement")
# a record nobody renews is not kept longer than this after the meeting
ANNEES_AU_PLUS = 3


@dataclass(frozen=True)
class Porteur:
    """A project leader, met on a day, for a purpose, until a day.

    Attributes:
        numero: the only thing of a record that is written outside the store.
        nom, contact: who, and how to reach them.
        projet: what it is, in a sentence.
        themes: words that offers are matched on.
        code_commune: commune of the project, when it is known.
        code_epci: territory that welcomes it, one of those the register covers.
        etape: where the project stands.
        finalite: what the record is for.
        rencontre_le: day of the first meeting: the month it is counted in.
        conserver_jusqu_au: last day it is kept.
        referent_technique, referent_territorial: bodies the network offered, empty where there is none.
    """

    numero: str
    nom: str
    contact: str
    projet: str
    code_epci: str
    etape: str
    finalite: str
    rencontre_le: date
    conserver_jusqu_au: date
    themes: tuple[str, ...] = ()
    code_commune: str = ""
    referent_technique: str = ""
    referent_territorial: str = ""


@dataclass(frozen=True)
class Offre:
    """What a territory offers to projects: a place, a support, a funding.

    Attributes:
        numero: its number.
        intitule, organisme: what, and who offers it.
        code_epci: its territory; empty when it holds everywhere.
        themes, etapes: projects it is for; every one when empty.
        jusqu_au: last day it holds, None while it does.
    """

    numero: str
    intitule: str
    organisme: str
    code_epci: str = ""
    themes: tuple[str, ...] = ()
    etapes: tuple[str, ...] = ()
    jusqu_au: date | None = None


@dataclass
class Contenu:
    """All that the store holds.

    Attributes:
        territoires: EPCI the register covers.
        porteurs, offres: its records.
        mois_exportes: months whose counts have left: they do not leave twice, as the difference would point at someone.
    """

    territoires: list[str]
    porteurs: list[Porteur] = field(default_factory=list)
    offres: list[Offre] = field(default_factory=list)
    mois_exportes: list[str] = field(default_factory=list)

    def add(self, porteur: Porteur) -> None:
        """Add a project leader.

        Raises:
            Obstacle: saying which rule the record breaks.
        """
        for reproche, vrai in (
            ("le nom manque", not porteur.nom.strip()),
            ("la finalité manque : dire à quoi sert la fiche", not porteur.finalite.strip()),
            (f"étape inconnue ; attendu : {', '.join(ETAPES)}", porteur.etape not in ETAPES),
            (
                f"territoire hors du registre ; attendu : {', '.join(self.territoires)}",
                porteur.code_epci not in self.territoires,
            ),
            ("la fiche expire avant la rencontre", porteur.conserver_jusqu_au < porteur.rencontre_le),
            (
                f"une fiche se garde {ANNEES_AU_PLUS} ans au plus après la rencontre",
                porteur.conserver_jusqu_au > _years_after(porteur.rencontre_le, ANNEES_AU_PLUS),
            ),
        ):
            if vrai:
                raise Obstacle(f"Fiche refusée : {reproche}.")
        self.porteurs.append(porteur)

    def erase(self, numero: str) -> None:
        """Take a project leader, or an offer, out.

        Raises:
            Obstacle: there is none of that number.
        """
        porteurs = [porteur for porteur in self.porteurs if porteur.numero != numero]
        offres = [offre for offre in self.offres if offre.numero != numero]
        if (len(porteurs), len(offres)) == (len(self.porteurs), len(self.offres)):
            raise Obstacle("Aucune fiche de ce numéro : les lister.")
        self.porteurs, self.offres = porteurs, offres

    def purge(self, jour: date) -> int:
        """Take out the records whose day has passed; return how many."""
        gardes = [porteur for porteur in self.porteurs if porteur.conserver_jusqu_au >= jour]
        expires, self.porteurs = len(self.porteurs) - len(gardes), gardes
        return expires

    def as_json(self) -> dict[str, Any]:
        """Give it as what JSON can hold, once dates are words."""
        return asdict(self)

    @classmethod
    def from_json(cls, contenu: dict[str, Any]) -> "Contenu":
        """Read it back."""
        return cls(
            territoires=contenu["territoires"],
            porteurs=[Porteur(**_typed(Porteur, porteur)) for porteur in contenu["porteurs"]],
            offres=[Offre(**_typed(Offre, offre)) for offre in contenu["offres"]],
            mois_exportes=contenu["mois_exportes"],
        )


def _typed(sorte: type[Porteur] | type[Offre], lu: dict[str, Any]) -> dict[str, Any]:
    """Give back to JSON values the types of a record."""
    types = {champ.name: champ.type for champ in fields(sorte)}
    return {
        nom: date.fromisoformat(valeur)
        if valeur is not None and types[nom] in (date, date | None)
        else tuple(valeur)
        if isinstance(valeur, list)
        else valeur
        for nom, valeur in lu.items()
    }


def _years_after(jour: date, annees: int) -> date:
    try:
        return jour.replace(year=jour.year + annees)
    except ValueError:  # 29 February
        return jour.replace(year=jour.year + annees, day=28)
