"""``package data verdict`` and ``verdicts`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from host_samples import write_project

from packager.data import frames
from packager.data.fingerprint import row_hashes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop")


def hash_of(project: Path, place: int) -> str:
    return f"{int(row_hashes(frames.read(project / 'data' / 'visits.csv'))[place]):016x}"


def decide(run, project: Path, *words: object) -> tuple[int, str, str]:
    return run("data", "verdict", *words, "--project", project)


@pytest.mark.slow
def test_a_decision_is_kept_replaced_and_removed(run, project):
    row = hash_of(project, 0)
    assert decide(run, project, row, "keep")[1].endswith("verdicts.csv: 1 verdict\n")
    assert json.loads(decide(run, project, row, "drop", "--json")[1])["verdicts"] == 1
    (kept,) = json.loads(run("data", "verdicts", "list", project, "--json")[1])["verdicts"]
    assert (kept["row_hash"], kept["verdict"]) == (row, "drop")
    assert decide(run, project, row, "unset")[1].endswith("verdicts.csv: 0 verdicts\n")
    assert run("data", "verdicts", "list", project)[1] == "no verdicts\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["0" * 16, "burn"], "expected keep, drop, dedupe, fix, unset, got 'burn'"),
        (["0" * 16, "drop", "--column", "size"], "--column: expected none together with drop"),
        (["0" * 16, "unset"], "expected a verdict to unset, got none"),
        (["xyz", "drop"], "expected a row hash of 16 hex digits, got 'xyz'"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_nothing_kept(run, project, words, message):
    code, out, err = decide(run, project, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not (project / "verdicts.csv").exists()


@pytest.mark.slow
def test_imported_verdicts_replace_earlier_ones(run, project, tmp_path):
    row = hash_of(project, 0)
    decide(run, project, row, "keep")
    (tmp_path / "issues.csv").write_text(
        f"row_hash,verdict,column,value,reason\n{row},drop,,,wrong\n"
    )
    run("data", "verdicts", "import", tmp_path / "issues.csv", "--project", project)
    (kept,) = json.loads(run("data", "verdicts", "list", project, "--json")[1])["verdicts"]
    assert (kept["verdict"], kept["reason"]) == ("drop", "wrong")


@pytest.mark.parametrize("verb", ["import", "apply"])
def test_a_file_of_verdicts_has_to_be_there(run, project, verb):
    words = ["import", "gone.csv", "--project", project]
    words = words if verb == "import" else ["apply", project, "--verdicts", "gone.csv"]
    code, _, err = run("data", "verdicts", *words)
    assert code == 2
    assert "gone.csv: expected a CSV file" in err


@pytest.mark.slow
def test_the_corrected_file_stands_beside_the_rows(run, project):
    before = frames.read(project / "data" / "visits.csv")
    decide(run, project, hash_of(project, 0), "drop")
    decide(run, project, "0" * 16, "drop")
    code, out, err = run("data", "verdicts", "apply", project)
    assert (code, out) == (0, f"{project / 'data' / 'visits.clean.csv'}\n")
    assert f"no row has the hash {'0' * 16}" in err
    assert "dropped, 0 cells fixed" in err
    assert len(frames.read(project / "data" / "visits.clean.csv")) < len(before)


@pytest.mark.slow
def test_a_folder_of_files_needs_a_name_for_the_corrected_one(run, tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("a\n1\n2\n")
    (tmp_path / "v.csv").write_text("row_hash,verdict,column,value,reason\n")
    words = ("data", "verdicts", "apply", tmp_path / "rows", "--verdicts", tmp_path / "v.csv")
    code, _, err = run(*words)
    assert code == 2
    assert "expected --output for a folder of files" in err
    assert run(*words, "--output", tmp_path / "all.csv", "--json")[0] == 0
    assert len(frames.read(tmp_path / "all.csv")) == 2
