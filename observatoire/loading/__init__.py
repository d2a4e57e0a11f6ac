"""From a file to the valid rows of a source: opened, read, judged, counted, accepted or refused whole.

Two readers share one meaning: ordinary files (`records`, `batches`), files of millions of rows (`bulk*`). Where a file
comes from belongs to `receiving`; what a valid row is, to each folder of `sources`.
"""
