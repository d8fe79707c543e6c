"""The Grafana dashboard of a model."""
