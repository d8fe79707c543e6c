"""Starts, supervises and replaces server processes."""
