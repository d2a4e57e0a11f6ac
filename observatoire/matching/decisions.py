"""What becomes of a name: the identifier kept, the band of what is proposed, and where a person's decision stands.

A decision outlives every refresh; it closes when the document itself says the same, and is in conflict when a source
has changed its mind. Searching belongs to `search`, measuring trust to `precision`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

AUCUN = "aucun"
PARTOUT = "partout"


@dataclass(frozen=True)
class Proposition:
    """A candidate for a name, as `search` found it."""

    identifiant: str
    nom: str
    score: float
    est_identique: bool = False
    est_meme_commune: bool | None = None
    est_meme_famille: bool | None = None
    est_actif: bool = True

    def __str__(self) -> str:
        """Say in French what speaks for it, and against it."""
        dites = ["mots identiques"] if self.est_identique else []
        for vrai, oui, non in (
            (self.est_meme_commune, "même commune", "aucun établissement connu dans la commune"),
            (self.est_meme_famille, "même famille", "autre famille"),
            (self.est_actif, "", "cessé"),
        ):
            dites += [] if vrai is None else [oui if vrai else non]
        return ", ".join(filter(None, [f"« {self.nom} »", f"score {self.score:.0f}", *dites]))


@dataclass(frozen=True)
class Nom:
    """A name as written.

    Attributes:
        nom, contexte: the name, and where it is written.
        identifiants: those its document, or the register of organisations, gives for it.
        nom_retenu: the name of the organisation a reviewed alias says it is, None when none does.
    """

    nom: str
    contexte: str
    identifiants: frozenset[str] = frozenset()
    nom_retenu: str | None = None


@dataclass(frozen=True)
class Sort:
    """What becomes of a name.

    Attributes:
        identifiant: the one kept; None when there is none, or when it is disputed.
        origine: `document`, `decision`, `automatique`, or None.
        decide: what a person decided, None when nobody did.
        etat: `active`, `close`, `conflit`, or None without a decision.
        bande: `certain`, `a_revoir`, `inconnu`.
        score: of the best proposal.
        preuve: why, in French.
        est_tranche: nothing is left for a person to look at.
    """

    identifiant: str | None
    origine: str | None
    decide: str | None
    etat: str | None
    bande: str
    score: float | None
    preuve: str
    est_tranche: bool


def band(propositions: Sequence[Proposition]) -> str:
    """Say how sure the first proposal is: certain when nothing else has its words, and nothing speaks against it."""
    if not propositions:
        return "inconnu"
    identiques = [p for p in propositions if p.est_identique]
    sur_place = [p for p in identiques if p.est_meme_commune]
    seules = sur_place or identiques
    sur = len(seules) == 1 and seules[0].est_actif
    if sur and seules[0].est_meme_commune is not False and seules[0].est_meme_famille is not False:
        return "certain"
    return "a_revoir"


def certain_identifier(propositions: Sequence[Proposition]) -> str | None:
    """Return the identifier of the certain proposal, None when none is."""
    if band(propositions) != "certain":
        return None
    identiques = [p for p in propositions if p.est_identique]
    return ([p for p in identiques if p.est_meme_commune] or identiques)[0].identifiant


def decision_for(nom: Nom, decisions: Mapping[tuple[str, str], str]) -> str | None:
    """Return the decision on a name: that of its context, else one that holds everywhere, else that of its alias."""
    cles = [(nom.nom, nom.contexte), (nom.nom, PARTOUT), (nom.nom_retenu or nom.nom, PARTOUT)]
    return next((decisions[cle] for cle in cles if cle in decisions), None)


def settle(
    nom: Nom,
    decide: str | None,
    propositions: Sequence[Proposition],
    reproches: Mapping[str, str],
    peut_accepter: bool,
) -> Sort:
    """Say what becomes of a name.

    Args:
        nom: the name.
        decide: a person's decision: an identifier, `aucun`, or None.
        propositions: candidates, the best first.
        reproches: what a register now says against an identifier (ceased, merged, vanished), in French.
        peut_accepter: whether what is certain is accepted without a person.
    """
    bande = band(propositions)
    score = propositions[0].score if propositions else None
    vue = f"proposé : {propositions[0]}" if propositions else "rien d'approchant dans les répertoires"
    documents = sorted(nom.identifiants)
    dit = documents[0] if len(documents) == 1 else None
    if decide is not None:
        vrai = None if decide == AUCUN else decide
        autres = [identifiant for identifiant in documents if identifiant != vrai]
        if autres:
            conflit = f"décidé : {decide} ; le document donne {', '.join(autres)}"
        else:
            conflit = f"décidé : {decide}, {reproches[decide]}" if decide in reproches else ""
        if conflit:
            return Sort(None, None, decide, "conflit", bande, score, f"{conflit} : décider à nouveau", False)
        etat = "close" if dit is not None else "active"
        pourquoi = "le document donne le même identifiant" if etat == "close" else vue
        return Sort(vrai, "decision" if vrai else None, decide, etat, bande, score, f"décidé ; {pourquoi}", True)
    if dit is not None:
        return Sort(dit, "document", None, None, bande, score, "identifiant donné par le document", True)
    if documents:
        plusieurs = f"le document donne plusieurs identifiants : {', '.join(documents)}"
        return Sort(None, None, None, None, bande, score, plusieurs, False)
    if peut_accepter and (sur := certain_identifier(propositions)) is not None:
        return Sort(sur, "automatique", None, None, bande, score, vue, True)
    return Sort(None, None, None, None, bande, score, vue, False)
