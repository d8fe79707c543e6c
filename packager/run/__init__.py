"""A package at work: served, asked, measured, replayed."""
