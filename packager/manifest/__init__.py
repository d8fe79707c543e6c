"""The manifest of a package, and what a build measured."""
