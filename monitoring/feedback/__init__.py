"""Late labels: tokens, keys, which were used, scores."""
