"""An immutable folder a release: its assembly, its life (current, pinned, retracted), the pages of other territories.

What it contains belongs to `publication`; whether it may leave, to `chain`.
"""
