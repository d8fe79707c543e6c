"""A deployment on Docker Swarm: a stack file, and the configs and secrets that it names."""
