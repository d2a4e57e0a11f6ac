"""Statistical confidentiality of the measures that read restricted sources: rules, suppression, then an attacker.

Public counts and tables need none of it: what anyone can recompute does not belong here.
"""
