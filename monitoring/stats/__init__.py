"""Statistics that offline checks and online alerts share."""
