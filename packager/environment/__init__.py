"""Python dependencies: requirements, resolver, lock, wheels and indexes."""
