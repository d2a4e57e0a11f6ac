"""What the machine refuses, in French: a full disk, a right that is missing, a warehouse that another account owns."""

import errno
import os
import pwd
import re
from pathlib import Path

from observatoire.obstacle import Obstacle

PLEIN = "le disque est plein. Libérer de la place (df -h dit où), puis relancer"
SANS_DROIT = "ce compte n'en a pas le droit. Vérifier à qui est ce fichier ou ce dossier (ls -l), puis relancer"
LECTURE_SEULE = "le disque est en lecture seule. Mettre warehouse/ ailleurs (OBSERVATOIRE_WAREHOUSE), puis relancer"
# that of a read, of a write, of a query: they say it in words of their own
REFUS = {
    errno.ENOSPC: PLEIN,
    errno.EDQUOT: "ce compte a atteint son quota de disque. Libérer de la place, puis relancer",
    errno.EROFS: LECTURE_SEULE,
    errno.EACCES: SANS_DROIT,
    errno.EPERM: SANS_DROIT,
    errno.EIO: "le disque est plein, ou ne lit ou n'écrit plus correctement. Voir sa place (df -h), le faire vérifier, "
    "puis relancer",
    errno.EMFILE: "trop de fichiers sont ouverts. Relever la limite (ulimit -n), puis relancer",
    errno.ENOMEM: "la mémoire manque. Fermer d'autres programmes, puis relancer",
}
DITS_AUTREMENT = {
    "database or disk is full": errno.ENOSPC,
    "disk i/o error": errno.EIO,
    "attempt to write a readonly database": errno.EACCES,
    "unable to open database file": errno.EACCES,
}
# these are no fault of the file being read: whatever is tried next would meet them again
GENERAUX = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENOMEM)


class MachineRefuse(Obstacle):
    """The machine does not let the observatory work. The message, in French, says why and what to do."""


def refusal_in(dit: str) -> str | None:
    """Find in the words of an error, of Python or of a library, what the machine refuses.

    Returns:
        What it means and what to do, in French, with the path when the error names one; None when the machine has
        nothing to do with it.
    """
    code = _code_in(dit)
    if code is None:
        return None
    chemin = re.search(r"""(?:: |file )(['"])(/[^'"\n]+)\1""", dit)
    return f"{chemin[2]} : {REFUS[code]}." if chemin else f"{REFUS[code][0].upper()}{REFUS[code][1:]}."


def stops_everything(erreur: BaseException) -> bool:
    """Say whether an error is the machine's, and would meet whatever is tried next: no source is to blame."""
    return _code_in(str(erreur)) in GENERAUX


def _code_in(dit: str) -> int | None:
    numero = re.search(r"\[[Ee]rrno (\d+)\]", dit)
    if numero and int(numero[1]) in REFUS:
        return int(numero[1])
    ecrits = {os.strerror(connu): connu for connu in REFUS} | DITS_AUTREMENT
    return next((connu for mots, connu in ecrits.items() if mots.lower() in dit.lower()), None)


def check_writable(dossier: Path) -> None:
    """Check, before anything is written, that this account may write in a folder, and would not lock its owner out.

    Raises:
        MachineRefuse: the folder is of another account, or cannot be written to.
    """
    ici = dossier
    while not ici.exists():
        ici = ici.parent
    if ici == dossier and ici.stat().st_uid != os.geteuid():
        compte = _account(ici.stat().st_uid)
        raise MachineRefuse(
            f"{dossier} appartient au compte {compte}, et cette commande tourne sous {_account(os.geteuid())} : ce "
            f"qu'elle y écrirait, {compte} ne pourrait plus le remplacer. Rien n'a été écrit. "
            f"Relancer sous son compte (sudo -u {compte} …)."
        )
    if os.statvfs(ici).f_flag & os.ST_RDONLY:
        raise MachineRefuse(f"{ici} : {LECTURE_SEULE}. Rien n'a été écrit.")
    if not os.access(ici, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise MachineRefuse(f"{ici} : {SANS_DROIT}. Rien n'a été écrit.")


def check_readable(dossier: Path) -> None:
    """Check that this account may read what another keeps to itself.

    Raises:
        MachineRefuse: saying whose it is.
    """
    if dossier.exists() and not os.access(dossier, os.R_OK | os.X_OK):
        compte = _account(dossier.stat().st_uid)
        raise MachineRefuse(
            f"{dossier} appartient au compte {compte}, qui seul le lit. Relancer sous son compte (sudo -u {compte} …)."
        )


def _account(numero: int) -> str:
    """Name an account; a container may give no name to its number."""
    try:
        return pwd.getpwuid(numero).pw_name
    except KeyError:
        return f"n° {numero}"
