"""The compiled form of a model: predicts rows within its domain in place of the model."""
