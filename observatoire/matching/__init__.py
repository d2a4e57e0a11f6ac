"""Names as written, matched to the identifiers of Sirene and of the RNA; nothing is accepted that no person judged."""
