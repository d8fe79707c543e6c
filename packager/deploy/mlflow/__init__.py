"""A package as a folder that MLflow loads and serves."""
