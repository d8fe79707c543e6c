"""Numbers and categories derived from arrays, bytes, lists and text, for drift, slices, checks."""
