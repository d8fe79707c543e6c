"""The data check: detectors of data issues, and the report of their findings."""
