"""What others say, set against what is computed: declared figures, arithmetic of documents, counts of jobs, estimates.

A gap is said, never mended here: computing the figures themselves belongs to `indicators` and `estimation`.
"""
