"""Prometheus rules of a model, and unit tests of them."""
