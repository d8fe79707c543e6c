"""The OpenAPI document of a server."""
