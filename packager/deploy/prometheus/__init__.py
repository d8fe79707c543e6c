"""Prometheus rules of a model, and their unit tests."""
