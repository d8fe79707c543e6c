"""Compiled answers compared with the model's own while serving."""
