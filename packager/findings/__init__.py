"""Results of checks as findings for the issue tracker, without any row."""
