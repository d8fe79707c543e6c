"""``package test`` as people call it: on a file, again, with a broken column, in a container."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, package


@pytest.fixture(scope="module")
def visits(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows like those of the starter that it was not trained on."""
    folder = tmp_path_factory.mktemp("visits")
    frame = pd.read_csv(local_package.project / "data" / "visits.csv")
    number = frame.select_dtypes("number").columns
    moved = frame.assign(**{name: frame[name] + 0.25 for name in number[:1]})
    fresh = moved if frame[number[0]].dtype.kind == "f" else frame
    fresh.to_csv(folder / "new.csv", index=False)
    return folder / "new.csv"


@pytest.mark.slow
def test_a_test_is_recorded_and_not_repeated(local_package: Package, visits: Path) -> None:
    asked = ("test", local_package.reference, "--data", visits, "--local")
    first = package(*asked, "--json", env=NO_ENGINE)
    assert first.code in (0, 1), first.err
    assert first.json["schema_version"] == "package-test/1"
    assert {one["family"] for one in first.json["families"]} >= {"schema", "drift", "quality"}
    again = package(*asked, "--json", env=NO_ENGINE)
    assert again.out == first.out
    assert "the ledger has this test" in again.err
    nothing = package(*asked, "--new", env=NO_ENGINE)
    assert nothing.code == first.code  # a failed test doesn't turn green by itself
    assert nothing.out.startswith(f"nothing new in {visits}; the last test, of ")
    assert nothing.out.endswith(f": {first.json['sentence']}\n")
    told = package(*asked, env=NO_ENGINE)
    assert told.out.strip().splitlines()[-1] == first.json["sentence"]


@pytest.mark.slow
def test_a_lacking_column_fails_with_exit_1_and_a_missing_file_with_exit_2(
    local_package: Package, visits: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(visits)
    frame.drop(columns=frame.columns[0]).to_csv(tmp_path / "less.csv", index=False)
    asked = ["test", local_package.reference, "--local", "--data"]
    done = package(*asked, tmp_path / "less.csv", env=NO_ENGINE)
    assert (done.code, done.out.strip().splitlines()[-1]) == (
        1,
        f"failed: the new data lack the feature {frame.columns[0]!r}",
    )
    absent = package(*asked, tmp_path / "none.csv", env=NO_ENGINE)
    assert absent.code == 2
    assert "expected a file, a folder or a table, but it does not exist" in absent.err
    half = package(*asked, visits, "--labels", visits, env=NO_ENGINE)
    assert half.code == 2
    assert "--labels and --on: expected both or neither" in half.err


@pytest.mark.engine
def test_a_package_in_an_engine_tests_itself_in_a_container(
    engine_package: Package, visits: Path, tmp_path: Path
) -> None:
    done = package(
        "test", engine_package.reference, "--data", visits, "--state", tmp_path, "--json"
    )
    assert done.code in (0, 1), done.err
    assert done.json["judged_rows"] > 0
