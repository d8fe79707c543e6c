"""Shadow deployment: another package's server answers the same rows, off the latency path."""
