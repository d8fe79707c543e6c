"""Compilation of models; its processes start warm."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _warm(warm: None) -> None:
    """Every test of this folder."""
