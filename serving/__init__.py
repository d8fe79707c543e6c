"""The HTTP server of a package."""
