"""The HTTP client of a served package."""

from packager.client.client import Client, FeedbackReceipt, Prediction, read_key

__all__ = ["Client", "FeedbackReceipt", "Prediction", "read_key"]
