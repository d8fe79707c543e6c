"""`package audit`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from tests.support.command import package_here
from tests.support.hostile_pickles import Touch


def test_a_hostile_file_fails_and_a_clean_one_passes(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    done = package_here("audit", str(path))
    assert done.code == 0, done.err
    assert done.out.endswith("clean: nothing found, nothing left out\n")
    path.write_bytes(pickle.dumps(Touch(tmp_path / "canary")))
    done = package_here("audit", str(path), "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["clean"] is False
    assert "calls posix.system" in told["findings"][0]["what"]
    assert not (tmp_path / "canary").exists()


def test_wrong_options_and_absent_files_are_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(1))
    done = package_here("audit", str(path), "--vulnerabilities")
    assert done.code == 2
    assert "--vulnerabilities: expected a package or a project" in done.err
