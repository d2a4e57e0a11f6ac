"""The bare import of the libraries a run cannot do without: the yardstick of small runs."""

import dagster
import duckdb
import pandas
import pandera

__all__ = ["dagster", "duckdb", "pandas", "pandera"]
