"""What a replay says of a solution as a whole; ``run/test_solution_replay.py`` asks a real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import LOCK, MANIFEST

from packager.errors import PackageError
from packager.model.paths import Root
from packager.worker.replay.flow import FILE, FlowReplay, replay_flow


@pytest.fixture
def root(tmp_path: Path) -> Root:
    found = Root(tmp_path / "root")
    for folder in (found.package, found.code, found.models):
        folder.mkdir(parents=True)
    (found.package / "manifest.json").write_bytes(MANIFEST.dump())
    (found.package / "lock.json").write_bytes(LOCK.dump())
    return found


def test_files_that_differ_are_named_and_nothing_is_asked(root: Root, tmp_path: Path) -> None:
    (root.code / "flow.py").write_text("x = 1\n")
    found = replay_flow(root, tmp_path / "out")
    assert (found.passed, found.golden_rows, found.metrics) == (False, 0, {})
    wrong = [check.name for check in found.checks if not check.ok]
    assert wrong == ["code files", "code file flow.py"]
    assert FlowReplay.load(tmp_path / "out" / FILE) == found


def test_without_data_there_is_nothing_to_compare(root: Root, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="this solution names no data"):
        replay_flow(root, tmp_path / "out")
    assert not (tmp_path / "out" / FILE).exists()
