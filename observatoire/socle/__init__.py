"""Tables computed from the tables of the sources, one subject a file: territories, perimeter, establishments, grants.

Rows as producers give them belong to `sources`; sums, to `measures/` and `indicators`.
"""
