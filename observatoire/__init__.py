"""The observatory of the économie sociale et solidaire: sources, measures, indicators, releases.

Data flows one way: ``raw → socle → mesures → indicateurs → release``. This package knows nothing of the orchestrator
that calls it: scheduling, runs and their display belong to ``pipelines``.
"""
