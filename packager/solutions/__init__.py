"""Packages that are solutions of several models."""
