"""Plots as SVG that the server draws: one form for each kind of issue."""
