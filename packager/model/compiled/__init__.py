"""The compiled form of a model: what answers rows in its place."""
