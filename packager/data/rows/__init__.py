"""Rows of requests: values checked against the columns of the schema."""
