"""`make bench`: the main job against the least it could cost, and against what one would write instead of it.

Every run is a process of its own, on the same generated files. What the product promises is tested elsewhere.
"""
