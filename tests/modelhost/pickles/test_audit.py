"""No file of these would be loaded, and none of them is run by the audit; harmless ones pass."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import here
from modelhost.pickles.report import PickleReport
from tests.support import hostile_pickles as hostile

JUDGE = Judge(here())


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def audited(folder: Path, name: str, content: bytes, *, joblib_only: bool = False) -> PickleReport:
    path = folder / name
    path.write_bytes(content)
    return audit_model(path, JUDGE, joblib_only=joblib_only)


@pytest.mark.parametrize("full", hostile.FUNCTIONS)
def test_a_call_of_it_is_refused_however_it_is_written(full: str, canary: Path) -> None:
    before = set(sys.modules)
    for way, content in hostile.ways(full, f"touch {canary}").items():
        report = audited(canary.parent, "model.pkl", content)
        assert report.findings, (full, way)
        named = [one for one in report.findings if one.name is not None]
        assert named or "read to its end" in report.findings[0].what, (full, way)
    assert not canary.exists()
    assert set(sys.modules) == before


def test_what_hides_a_call_is_refused(canary: Path) -> None:
    passed = [
        name
        for name, content in hostile.structures(canary).items()
        if not audited(canary.parent, "model.pkl", content).findings
    ]
    assert passed == []
    assert not canary.exists()


def test_calls_in_other_files_are_refused(canary: Path) -> None:
    passed = [
        name
        for name, content in hostile.files(canary).items()
        if not audited(canary.parent, name, content).findings
    ]
    assert passed == []
    assert not canary.exists()
