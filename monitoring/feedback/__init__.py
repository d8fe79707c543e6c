"""Late labels: tokens, signing keys, deduplication and scores."""
