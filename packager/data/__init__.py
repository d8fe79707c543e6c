"""Data files: reading, fingerprint, split, request rows."""
