"""The HTTP client of a served package."""

from packager.client.client import Client, Feedback, Prediction, read_key

__all__ = ["Client", "Feedback", "Prediction", "read_key"]
