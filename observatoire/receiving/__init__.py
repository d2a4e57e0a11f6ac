"""How files come into `raw/`: what a source downloads, carried over the network, checked before it takes its place.

Reading the rows belongs to `loading`, whose opening the checks borrow.
"""
