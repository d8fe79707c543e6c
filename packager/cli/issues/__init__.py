"""``package issues …``."""
