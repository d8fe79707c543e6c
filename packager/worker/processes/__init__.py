"""Processes of a worker: their environment, child processes, and what they leave behind."""
