"""The bounds of the latency histogram, which the command line reads without loading a library."""

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Seconds; a latency objective is one of them, because only they can be counted exactly."""
