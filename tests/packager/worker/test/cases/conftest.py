"""Models of this process that cases are judged on."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_models import CaseBench


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CaseBench:
    """Judges cases on models of this process."""
    return CaseBench(monkeypatch, tmp_path)
