"""The levels of territory, said once."""

NIVEAUX = ("commune", "epci", "departement", "region", "france", "inconnu")

