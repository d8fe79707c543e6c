"""Training, evaluation, and the examples and profile of a model."""
