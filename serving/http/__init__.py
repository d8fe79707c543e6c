"""HTTP: connections, requests, keys, logs."""
