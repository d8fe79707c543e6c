"""Slices: rules on rows, compiled and evaluated."""
