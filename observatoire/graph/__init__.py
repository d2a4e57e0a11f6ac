"""The actors and the links that documents name: who bridges, what splits if one leaves, what changed.

A link keeps the sentence it rests on. Counting members, events or supports belongs to `measures/`.
"""
