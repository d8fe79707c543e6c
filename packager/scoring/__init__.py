"""Scores tables larger than memory, part by part: ``package score``."""
