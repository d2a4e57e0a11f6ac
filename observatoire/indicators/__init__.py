"""From measures to published values: the catalogue, the cube, what may be compared, the contributions and their rows.

What must not be shown belongs to `confidentiality`; how a value is presented, to `publication`.
"""
