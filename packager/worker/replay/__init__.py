"""Training again, and how equal the result is."""
