"""Compile a model: derive its compiled form and test that both give equal predictions."""
