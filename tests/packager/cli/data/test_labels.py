"""``package data labels``: from a file to a version of a table, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

CLASSES = ("--class", "bad", "--class", "good")


@pytest.fixture
def parts(run, monkeypatch, tmp_path: Path) -> Path:
    """A folder with the table ``parts`` of 40 rows, and files of labels by ann and bob."""
    monkeypatch.chdir(tmp_path)
    ids = range(40)
    pd.DataFrame({"id": ids, "x": [i / 7 for i in ids]}).to_csv("parts.csv", index=False)
    ann = ["good" if i % 2 else "bad" for i in ids]
    bob = ["good" if i % 10 == 0 else label for i, label in enumerate(ann)]
    for who, labels in (("ann", ann), ("bob", bob)):
        frame = pd.DataFrame({"id": ids, "label": labels, "selection_probability": 0.5})
        frame.to_csv(f"{who}.csv", index=False)
    assert run("data", "add", "parts.csv", "-m", "first")[0] == 0
    return tmp_path


def labelled(run):
    assert (
        run("data", "labels", "declare", "parts", "quality", *CLASSES, "--key-columns", "id")[0]
        == 0
    )
    for who in ("ann", "bob"):
        code, out, _ = run("data", "labels", "add", "parts", f"{who}.csv", "--annotator", who)
        assert (code, out.splitlines()[0].endswith("40 labels added")) == (0, True)


def as_json(run, *arguments):
    code, out, _ = run("data", "labels", *arguments, "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.slow
def test_labels_of_two_annotators_are_added_shown_and_compared(run, parts):
    labelled(run)
    (scheme,) = as_json(run, "schemes", "parts")["schemes"]
    assert (scheme["labelled"], scheme["unresolved"], scheme["annotators"]) == (
        36, 4, {"ann": 40, "bob": 40},
    )  # fmt: skip
    agreement = as_json(run, "agreement", "parts")
    assert agreement["disputed"] == 4
    assert 0.5 < agreement["alpha"]["low"] < agreement["alpha"]["high"] <= 1
    shown = as_json(run, "show", "parts", "--resolved", "--limit", "2")["labels"]
    assert [(one["id"], one["label"], one["disputed"]) for one in shown] == [
        ("0", None, True),
        ("1", "good", False),
    ]
    assert shown[0]["selection_probability"] == 0.5
    code, _, err = run("data", "labels", "show", "parts", "--limit", "2", "--output", "all.csv")
    assert code == 0
    assert err == "• wrote all.csv\n"
    assert len(pd.read_csv("all.csv")) == 80


@pytest.mark.slow
def test_the_versions_of_a_table_are_those_of_its_labels(run, parts):
    labelled(run)
    _, out, _ = run("data", "log", "parts")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["4", "3", "2", "1"]
    assert "quality: labels by bob, from bob.csv" in out
    assert as_json(run, "schemes", "parts@3")["schemes"][0]["unresolved"] == 0
    run("data", "revert", "parts", "3")
    assert as_json(run, "schemes", "parts")["schemes"][0]["labels"] == 40


@pytest.mark.slow
def test_disputed_rows_are_suspects_of_a_check(run, parts):
    labelled(run)
    code, out, _ = run("data", "issues", "parts", "--json")
    assert code == 0
    found = [i for i in json.loads(out)["issues"] if i["detector"] == "disputed_label"]
    assert sorted(issue["row"] for issue in found) == [0, 10, 20, 30]
    assert found[0]["observed"] == "'bad' (ann), 'good' (bob)"


@pytest.mark.slow
def test_a_scheme_is_mapped_to_a_derived_table(run, parts):
    labelled(run)
    Path("map.csv").write_text("from,to\nbad,reject\ngood,accept\n")
    pair = ("--from", "quality", "--to", "verdict", "--mapping", "map.csv")
    made = as_json(run, "map", "parts", *pair)
    assert (made["version"], made["outcome"]) == (1, "computed")
    assert as_json(run, "schemes", "parts.verdict")["schemes"][0]["counts"] == {
        "accept": 20, "reject": 16,
    }  # fmt: skip
    _, out, _ = run("data", "lineage", "parts")
    assert "parts.verdict@1  ← labels map" in out


@pytest.mark.slow
def test_a_checkout_has_the_labels_as_a_column(run, parts):
    labelled(run)
    rows = ("data", "checkout", "parts", "--output", "rows.parquet")
    assert run(*rows, "--labels", "quality", "--target", "y")[0] == 0
    assert pd.read_parquet("rows.parquet")["y"].notna().sum() == 36
    code, _, err = run(*rows, "--labels", "quality")
    assert code == 2
    assert "expected --labels and --target together" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "parts", "ann.csv"], "expected one labelling scheme, got none"),
        (["declare", "parts", "s", "--kind", "text"], "scheme 's': `kind`:"),
        (["declare", "parts", "s", "--file", "x.toml", "--class", "a"], "expected no options"),
        (["declare", "parts@1", "s"], "expected a table without a version"),
        (["agreement", "parts"], "expected one labelling scheme, got none"),
        (["show", "parts", "--scheme", "s"], "expected the labelling scheme 's', got none"),
        (["show", "parts", "--target", "y"], "--target: expected --resolved and --output"),
        (["schemes", "nowhere"], "expected a table with versions"),
    ],
)
def test_wrong_usage_exits_2_and_changes_nothing(run, parts, arguments, message):
    code, out, err = run("data", "labels", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    _, out, _ = run("data", "log", "parts", "--json")
    assert len(json.loads(out)) == 1
