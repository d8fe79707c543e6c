"""Replay: retrain and compare the two models."""
