"""A packaged model: load, predict, verify; contains everything that the server needs of it."""
