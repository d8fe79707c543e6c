"""A packaged model: load, predict, verify. Contains all that a server needs of it."""
