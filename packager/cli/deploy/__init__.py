"""Verbs of ``package deploy``: each writes the files of one target."""
