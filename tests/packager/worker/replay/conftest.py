"""Replays; their processes start warm, those of ``processes/`` as in an image."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _warm(warm: None) -> None:
    """Every test of this folder."""
