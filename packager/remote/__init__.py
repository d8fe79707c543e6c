"""Speaking with servers: what is taken of their answers."""
