"""XGBoost's UBJSON."""

from __future__ import annotations

from modelhost.loaders.xgboost_json import LIBRARY, load

__all__ = ["LIBRARY", "load"]
