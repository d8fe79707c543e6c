"""``package data …``."""
