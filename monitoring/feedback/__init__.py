"""Late labels: tokens, signing keys, deduplication, scores."""
