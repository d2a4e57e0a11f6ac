"""Dagster definitions: when things run, and what the interface shows. What they do belongs to `observatoire`."""
