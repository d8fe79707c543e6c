"""Prometheus exposition of the counters of all workers of a server."""
