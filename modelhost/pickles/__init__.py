"""The imports and calls of a pickle, found without importing or calling anything."""
