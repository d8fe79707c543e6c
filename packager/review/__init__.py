"""Review of data: check, build gate, verdicts, corrections."""
