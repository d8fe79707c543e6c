"""A new version takes the traffic of a running one, after a gate has compared the two."""
