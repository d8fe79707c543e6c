"""Correctness of an answer, for each kind of output."""
