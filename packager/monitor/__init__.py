"""Running servers: read and sum their metrics, test for drift, send late labels."""
