from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelhost.solution.process_start import ending, member_python


def test_its_environment_lies_beside_that_of_the_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert member_python("text") == sys.executable
    own = tmp_path / "members" / "text" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "model"))
    assert member_python("text") == str(own)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, "ended with exit code 0"),
        (70, "ended with exit code 70: its model ran out of memory"),
        (-9, "ended with signal SIGKILL"),
        (-99, "ended with signal 99"),
    ],
)
def test_how_a_process_ended(code: int, told: str) -> None:
    assert ending(code) == told
