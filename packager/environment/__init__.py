"""Python dependencies: requirements, resolver, lock, wheels, indexes."""
