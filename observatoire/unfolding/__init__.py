"""A published figure, opened down to the rows it was read from.

The page and the CSV it is shown in belong to `publication`.
"""
