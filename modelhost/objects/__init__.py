"""Fitted objects of other libraries, as models with ``predict`` and ``predict_proba``."""
