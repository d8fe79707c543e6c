"""Differences between two packages, tables or sets of scores."""
