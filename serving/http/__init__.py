"""HTTP: connections, requests, API keys and logs."""
