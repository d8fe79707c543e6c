"""The Docker engine: images, containers and their streams."""
