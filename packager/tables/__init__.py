"""Versioned tables in the format of Delta Lake."""
