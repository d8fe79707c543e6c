"""Models that MLflow saved: in a folder, or with a tracking server."""
