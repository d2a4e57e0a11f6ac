"""The steps a release is made of: what each reads and writes, its version, what of it is public, under which licence.

The check that a warehouse holds what its steps would compute is here too. Computing belongs to the rooms before this
one; what leaves, to `publication`.
"""
