"""A small operational register of project leaders, apart from the observatory: encrypted, and outside its folders.

It imports nothing of the observatory but `settings`, and nothing of the observatory imports it: monthly counts go from
one to the other in a file, like those of any source. Who answers for it is said in `registre.md`.
"""
