"""A project: package.toml, its files, scaffolds."""
