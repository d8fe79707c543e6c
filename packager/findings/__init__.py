"""What the verbs report to the issue tracker: results of checks as findings, without any row."""
