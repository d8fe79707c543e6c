"""``package data check|issues|verdict|verdicts`` on plain files, as a user runs them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest
from command import package_here
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.named_command import named_command
from packager.errors import PackageError, UsageError


@pytest.fixture
def stones(tmp_path):
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"size": draw.normal(5, 0.6, 300).round(4), "kind": ["a", "b", "c"] * 100})
    frame.loc[7, "size"] = 58.9
    frame = pd.concat([frame, frame.iloc[[3]]], ignore_index=True)
    frame.to_csv(tmp_path / "stones.csv", index=False)
    return tmp_path / "stones.csv"


@pytest.mark.slow
def test_issues_get_verdicts_which_are_applied_and_undone(stones, tmp_path):
    done = package_here("data", "issues", stones, "--json", "--output", tmp_path / "out")
    assert done.code == 0, done.err
    worst = done.json["issues"]
    assert [found["detector"] for found in worst] == ["isolated_extreme", "duplicate"]
    row_hash = worst[0]["row_hash"]
    said = package_here(
        "data",
        "verdict",
        row_hash,
        "fix",
        "--column",
        "size",
        "--value",
        "5.89",
        "--reason",
        "a slip",
        "--project",
        stones,
    )
    assert said.out == f"{tmp_path}/verdicts.csv: 1 verdict\n"
    lines = list(csv.DictReader((tmp_path / "out" / "issues.csv").open()))
    lines[1]["verdict"] = "dedupe"
    with (tmp_path / "filled.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    taken = package_here(
        "data", "verdicts", "import", tmp_path / "filled.csv", "--project", stones, "--json"
    )
    assert taken.json["verdicts"] == 2
    applied = package_here("data", "verdicts", "apply", stones)
    clean = tmp_path / "stones.clean.csv"
    assert applied.out == f"{clean}\n"
    assert pd.read_csv(clean)["size"].iloc[7] == 5.89
    assert len(pd.read_csv(clean)) == 300
    package_here("data", "verdict", row_hash, "unset", "--project", stones)
    package_here("data", "verdict", lines[1]["row_hash"], "unset", "--project", stones)
    assert package_here("data", "verdicts", "apply", clean).code == 0
    assert clean.read_bytes() == stones.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_rows_are_not_clean_rows(tmp_path, form):
    frame = pd.DataFrame({"size": pd.Series([], dtype=float), "kind": pd.Series([], dtype=str)})
    source = tmp_path / f"empty.{form}"
    (frame.to_csv if form == "csv" else frame.to_parquet)(source, index=False)
    done = package_here("data", "check", source)
    assert done.code == 1
    assert "no rows: nothing could be found" in done.out
    assert "note: no rows, so only the schema was checked: leakage, " in done.out
    assert package_here("data", "issues", source).out == "no rows: nothing could be found\n"


@pytest.mark.slow
def test_a_schema_that_changed_since_the_previous_version_ends_with_one(stones, tmp_path):
    before = tmp_path / "before.csv"
    pd.read_csv(stones).drop(columns="kind").to_csv(before, index=False)
    done = package_here("data", "check", stones, "--baseline", before, "--json")
    assert (done.code, done.json["blocking"]) == (1, 1)
    assert done.json["counts"]["schema"] == 1
    assert package_here("data", "check", stones).code == 0


@pytest.fixture
def data(tmp_path, monkeypatch):
    """``package data …`` in a folder of its own: what it printed, or its error."""
    monkeypatch.chdir(tmp_path)

    def data(*words, code=0):
        named = ["data", *map(str, words)]
        done = CliRunner().invoke(named_command(app, named), named)
        if isinstance(done.exception, PackageError):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    return data


@pytest.mark.slow
def test_a_table_is_checked_against_its_previous_version(stones, data, tmp_path):
    frame = pd.read_csv(stones)
    data("add", stones, "-m", "first")
    frame.assign(kind=frame["kind"].replace("c", "d")).to_csv(tmp_path / "next.csv", index=False)
    data("add", "next.csv", "--table", "stones", "-m", "second")
    first = json.loads(data("check", ".pkgdata/stones@1", "--json"))
    assert set(first["counts"]) == {"isolated_extreme", "duplicate"}
    found = json.loads(data("check", "delta:stones", "--target", "kind", "--json"))
    assert found["counts"]["unseen_category"] == 100
    assert found["counts"]["drift"] == 1
    again = json.loads(data("check", "delta:stones", "--baseline", "next.csv", "--json"))
    assert set(again["counts"]) == set(first["counts"])
    data("revert", "stones", "1")  # it was right, so it is what came before the first
    assert json.loads(data("check", "delta:stones", "--json"))["digest"] == first["digest"]


@pytest.mark.slow
def test_other_columns_that_were_accepted_with_add_stop_nothing(stones, data, tmp_path):
    data("add", stones, "-m", "first")
    frame = pd.read_csv(stones)
    frame.drop(columns="kind").to_csv(tmp_path / "next.csv", index=False)
    data("add", "next.csv", "--table", "stones", "-m", "second", "--allow-schema-change")
    assert json.loads(data("check", "delta:stones", "--json"))["counts"]["schema"] == 1
    told = data("check", "next.csv", "--baseline", "delta:stones@1", code=1)
    assert "columns that differ from the declared or previous schema" in told
    frame.to_csv(tmp_path / "next.csv", index=False)
    data("gc", "stones", "--delete")
    assert "schema" not in json.loads(data("check", "delta:stones", "--json"))["counts"]


@pytest.mark.slow
def test_verdicts_on_a_table_lie_here_and_make_a_derived_table(stones, data, tmp_path):
    data("add", stones, "-m", "first")
    worst = json.loads(data("issues", "delta:stones", "--output", "out", "--json"))["issues"][0]
    fix = ("fix", "--column", "size", "--value", "5.89")
    told = data("verdict", worst["row_hash"], *fix, "--project", "delta:stones")
    assert told == f"{tmp_path}/verdicts.csv: 1 verdict\n"
    assert "<title>Data issues: stones<" in (tmp_path / "out" / "issues.html").read_text()
    done = json.loads(data("verdicts", "apply", "delta:stones", "--json"))
    assert (done["output"], done["outcome"], done["fixed"]) == ("stones.clean@1", "computed", 1)
    assert data("verdicts", "apply", "delta:stones") == "stones.clean@1\n"
    assert "stones.clean@1  ← verdicts" in data("lineage", "stones")
    assert data("verdicts", "apply", "stones.clean", "--output", "other") == "other@1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nothing.csv"], "expected a project, a file of rows or a table, but it"),
        (["check", "{stones}", "--target", "price"], "expected a column of stones.csv"),
        (
            ["verdict", "xyz", "drop", "--project", "{stones}"],
            "expected a row hash of 16 hex digits",
        ),
        (["verdict", "0" * 16, "remove", "--project", "{stones}"], "got 'remove'"),
        (["verdict", "0" * 16, "unset", "--project", "{stones}"], "expected a verdict to unset"),
        (["verdicts", "import", "nothing.csv", "--project", "{stones}"], "which does not exist"),
    ],
)
def test_wrong_use_is_named(stones, arguments, message):
    words = ["data", *(text.format(stones=stones) for text in arguments)]
    done = CliRunner().invoke(named_command(app, words), words)
    assert isinstance(done.exception, UsageError)
    assert message in done.exception.message
