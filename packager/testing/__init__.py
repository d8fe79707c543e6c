"""Tests of packages on new data: runs, records and reports."""
