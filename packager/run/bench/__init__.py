"""``package bench``: how fast a package answers here, and what that costs."""
