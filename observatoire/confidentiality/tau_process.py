"""Run τ-Argus on tables, each alone in a process of its own; started by path, never imported.

Reads one folder a line, forks, and answers with the exit code: what τ-Argus takes a tenth of a second to load is loaded
once. A folder holds `t.tab`, `t.rda` and `t.arb`, and gets `t.sortie`; its values are clear: who asked wipes it.
"""

import os
import signal
import sys
import tempfile

from pytauargus.engine import run_batch

duree_maximale_s = int(sys.argv[1])
for ligne in sys.stdin:
    dossier = ligne.rstrip("\n")
    enfant = os.fork()
    if enfant == 0:
        signal.alarm(duree_maximale_s)
        os.chdir(dossier)
        tempfile.tempdir = dossier
        code = 1
        try:
            rien = os.open(os.devnull, os.O_WRONLY)
            os.dup2(rien, 1)
            os.dup2(rien, 2)
            run_batch("t.arb")
            code = 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(enfant, 0)[1]), flush=True)
