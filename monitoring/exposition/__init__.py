"""Counters of all workers of a server as Prometheus text."""
