"""Verification of a package by this installation, before any of its code runs."""
