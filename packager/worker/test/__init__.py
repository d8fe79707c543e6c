"""Tests a package on new data, in the companion: one verdict out of families of checks."""
