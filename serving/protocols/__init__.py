"""Prediction protocols: parse requests and encode responses."""
