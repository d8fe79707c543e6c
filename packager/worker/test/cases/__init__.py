"""Behavioural cases: what the model has to do on some rows."""
