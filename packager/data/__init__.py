"""Data files: reading, fingerprint, split; rows of requests in ``rows``."""
