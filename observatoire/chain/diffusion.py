"""The guard of what is public: no published table rests on a restricted source but through confidentiality.

Whether a measure may be published belongs to `indicators.catalog`; hiding cells, to `confidentiality`.
"""

from collections.abc import Iterable

from observatoire.chain.step import Etape
from observatoire.obstacle import Obstacle


def check_published(etapes: Iterable[Etape]) -> None:
    """Check that nothing public rests on rows that may not be.

    Args:
        etapes: the steps, each after those it reads.

    Raises:
        Obstacle: naming the first public table that rests on a restricted source whose producer did not protect it, by
            a step that does not say `applique_secret`.
    """
    etapes = list(etapes)
    portees: dict[str, set[str]] = {}
    for etape in etapes:
        siennes = {nom for lue in etape.lit for nom in portees[lue]}
        if not etape.lit and etape.sources is not None:
            siennes = {
                source.nom
                for source in etape.sources()
                if source.diffusion == "restreinte" and not source.protegee_par_producteur
            }
        portees |= dict.fromkeys(etape.tables, set() if etape.applique_secret else siennes)
    for etape in etapes:
        for publique in etape.publiques:
            if lues := sorted({nom for lue in (*etape.tables, *publique.lit) for nom in portees[lue]}):
                raise Obstacle(
                    f"{publique.schema}.{publique.nom} est publiée et repose sur {', '.join(lues)}, de diffusion "
                    "restreinte : ne pas la publier, ne plus lire cette source, ou dire applique_secret=True de son "
                    "étape si elle retire elle-même ce que le secret statistique cache."
                )
