"""The reference profile: bins and calibration of the training data."""
