"""Processes of a worker: their environment, child processes, and leftover files."""
