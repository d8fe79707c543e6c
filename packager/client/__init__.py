"""A client of a package that serves."""

from packager.client.client import Client, Feedback, Prediction, read_key

__all__ = ["Client", "Feedback", "Prediction", "read_key"]
