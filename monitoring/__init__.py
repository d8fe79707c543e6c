"""Metrics, late labels and drift statistics of a served model."""
