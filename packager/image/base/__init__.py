"""Base images: lookup, probing, making them from Debian packages, reading archives."""
