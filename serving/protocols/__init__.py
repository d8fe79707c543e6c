"""The protocols in which rows come and predictions go."""
