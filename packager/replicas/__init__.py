"""Running servers: reads and sums their metrics, tests for drift, and sends late labels."""
