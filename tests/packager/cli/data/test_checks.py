"""``package data check`` and ``issues`` as a user runs them: exit codes, files, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def rows(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A column without values, and rows that stand there twice."""
    lines = [f"{n},{n % 7},,{'ab'[n % 2]}\n" for n in range(40)] * 2
    return rows(tmp_path, f"n,m,empty,label\n{''.join(lines)}")


def test_no_rows_are_no_success(run, tmp_path):
    path = rows(tmp_path, "a,b\n")
    code, _, _ = run("data", "check", path)
    assert code == 1
    assert run("data", "issues", path)[1] == "no rows: nothing could be found\n"


def test_what_is_found_is_counted_shown_and_written(run, dirty, tmp_path):
    told = json.loads(run("data", "check", dirty, "--json")[1])
    assert told["rows"] == 80
    assert sum(told["counts"].values()) > 0
    code, out, err = run("data", "issues", dirty, "--limit", "1", "--output", tmp_path / "found")
    assert code == 0
    assert out.strip()
    assert "more: --limit" in err
    assert {path.name for path in (tmp_path / "found").iterdir()} == {
        "issues.csv", "issues.html", "issues.parquet",
    }  # fmt: skip


def test_a_limit_holds_in_json_too(run, dirty):
    found = json.loads(run("data", "issues", dirty, "--limit", "2", "--json")[1])
    assert len(found["issues"]) == 2


def test_a_target_that_is_no_column_is_refused(run, dirty):
    code, out, err = run("data", "check", dirty, "--target", "price")
    assert (code, out) == (2, "")
    assert "price" in err
