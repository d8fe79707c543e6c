"""The review of data: check, gate of a build, verdicts, corrections."""
