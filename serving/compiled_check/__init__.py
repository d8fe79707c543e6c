"""Compiled check: predictions of the compiled form against the model's, while serving."""
