"""What leaves the warehouse: the public DuckDB file, its dictionary, the portrait."""
