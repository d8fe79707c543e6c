"""Base images: found, probed, made from Debian packages, read from archives."""
