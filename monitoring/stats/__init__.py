"""Statistics shared by offline checks and online alerts."""
