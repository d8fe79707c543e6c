"""The store of issues: one set of statements for SQLite and PostgreSQL."""
