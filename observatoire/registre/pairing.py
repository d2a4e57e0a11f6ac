"""Which offers may suit a project: simple rules, for a person to choose among. Nothing is decided here."""

from datetime import date

from observatoire.registre.records import Offre, Porteur


def offers_for(porteur: Porteur, offres: list[Offre], jour: date) -> list[tuple[Offre, int]]:
    """Return the offers open that day to a project's territory and stage, with the themes they share, most first.

    An offer that names no theme suits every project, after those that share one.
    """
    ouvertes = [
        offre
        for offre in offres
        if offre.code_epci in ("", porteur.code_epci)
        and (not offre.etapes or porteur.etape in offre.etapes)
        and (offre.jusqu_au is None or offre.jusqu_au >= jour)
    ]
    communs = [(offre, len({*offre.themes} & {*porteur.themes})) for offre in ouvertes]
    retenues = [(offre, nombre) for offre, nombre in communs if nombre or not offre.themes]
    return sorted(retenues, key=lambda paire: (-paire[1], paire[0].intitule))
