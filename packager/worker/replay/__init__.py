"""Replay: train again and compare the two models."""
