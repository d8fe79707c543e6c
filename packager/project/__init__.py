"""A project: package.toml, its files, and scaffolds."""
