"""The HTTP client of a served package."""

from packager.client.answers import FeedbackReceipt, Prediction
from packager.client.client import Client, read_key

__all__ = ["Client", "FeedbackReceipt", "Prediction", "read_key"]
