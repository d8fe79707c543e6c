"""Answers a table in blocks of rows: what ``package score`` runs in a package."""
