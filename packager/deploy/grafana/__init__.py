"""Grafana dashboards of a model."""
