"""Run τ-Argus on the one table of the current folder, alone in its process; started by path, never imported.

Reads `t.tab`, `t.rda` and `t.arb`; writes `t.sortie`. The folder holds clear values: who starts this wipes it.
"""

from pytauargus.engine import run_batch

run_batch("t.arb")
