from __future__ import annotations

from pathlib import Path

import pytest
from command import package
from solution_projects import write_solution_projects


@pytest.mark.slow
def test_a_solution_is_made_of_its_members_and_rows(tmp_path: Path) -> None:
    rows = write_solution_projects(tmp_path / "old") / "data" / "rows.csv"
    members = ("--member", f"length={tmp_path / 'old' / 'length'}", "--member", "mood=mood:1")
    done = package("init", tmp_path / "new", *members, "--data", rows, "--target", "cost")
    assert done.code == 0, done.err
    assert (tmp_path / "new" / "flow.py").is_file()
    assert "task is guessed: see package.toml" in done.err


@pytest.mark.slow
def test_members_go_neither_with_a_model_nor_with_several_targets(tmp_path: Path) -> None:
    for more in (("--from-model", "x"), ("--target", "a", "--target", "b")):
        done = package("init", tmp_path / "new", "--member", "a=x", *more)
        assert done.code == 2
        assert "--member: expected neither a model nor several targets with it" in done.err
        assert not (tmp_path / "new").exists()
