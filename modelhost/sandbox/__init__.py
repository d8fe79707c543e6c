"""Restrict network and file access of processes that run code of a package."""
