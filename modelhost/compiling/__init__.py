"""Describe a fitted model as plain tables, from which the harness derives a compiled form."""
