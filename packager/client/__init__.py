"""The HTTP client of a served package."""

from packager.client.answers import Feedback, Prediction
from packager.client.client import Client, read_key

__all__ = ["Client", "Feedback", "Prediction", "read_key"]
