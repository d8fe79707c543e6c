"""Steps of ``make release``."""
