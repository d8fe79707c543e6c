"""The rows that a queue chooses from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from queue_samples import PACKAGE, chosen, visits

from packager.errors import UsageError
from packager.labelling.queue_rows import read_queue_rows
from packager.progress import NullProgress


def rows_of(text: object, folder: Path):
    return read_queue_rows(str(text), PACKAGE, folder, NullProgress())


def test_rows_that_have_a_label_are_left_out(tmp_path: Path):
    frame = visits(60)
    frame["returned"] = ["yes"] * 20 + [None] * 40
    found = chosen(tmp_path, frame, 10)
    assert (len(found.rows), found.rows.labelled) == (40, 20)
    assert all(int(name[1:]) >= 20 for name in found.rows.frame["id"])
    assert len(found.answers) == 40
    assert found.answers[0]["probabilities"]["yes"] == 0.5 + frame["age"][20] / 200


def test_rows_that_a_file_says_are_labelled_are_left_out(tmp_path: Path):
    frame = visits(60)
    labelled = tmp_path / "labelled.csv"
    pd.DataFrame({"id": ["v3", "v7", "other"], "label": "yes"}).to_csv(labelled, index=False)
    found = chosen(tmp_path, frame, 10, keys=("id",), labelled=str(labelled))
    assert len(found.rows) == 58
    assert not {"v3", "v7"} & {*found.rows.frame["id"]}
    hashes = [f"{one:016x}" for one in chosen(tmp_path, frame, 10).rows.hashes[:2].tolist()]
    pd.DataFrame({"row_hash": hashes}).to_csv(labelled, index=False)
    assert len(chosen(tmp_path, frame, 10, labelled=str(labelled)).rows) == 58
    pd.DataFrame({"name": ["v3"]}).to_csv(labelled, index=False)
    with pytest.raises(UsageError, match="expected the column 'id', got name"):
        chosen(tmp_path, frame, 10, keys=("id",), labelled=str(labelled))
    with pytest.raises(UsageError, match="which does not exist"):
        chosen(tmp_path, frame, 10, labelled=str(tmp_path / "absent.csv"))


def test_a_log_of_flagged_rows_is_read_line_by_line_with_its_tokens(tmp_path: Path):
    log = tmp_path / "flagged.jsonl"
    lines = [
        {"time": 1.0, "version": "v", "token": f"t{n}", "prediction": "yes", "flags": [],
         "row": {"age": float(n), "kind": "blue"}}
        for n in range(5)
    ]  # fmt: skip
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = rows_of(log, tmp_path)
    assert found.frame["token"].tolist() == ["t0", "t1", "t2", "t3", "t4"]
    assert json.loads(found.file.read_text())[2] == {"age": 2.0, "kind": "blue"}
    assert len({*found.hashes.tolist()}) == 5


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_rows_of_json_are_read(tmp_path: Path, form: str):
    rows = [{"age": 1.0, "kind": "blue"}, {"age": None, "kind": "red", "returned": "yes"}]
    file = tmp_path / f"rows.{form}"
    file.write_text(json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows)))
    found = rows_of(file, tmp_path)
    assert found.labelled == 1
    assert found.frame["age"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", "nonsense", "expected JSON"),
        ("rows.jsonl", '{"age": NaN}', "the number NaN, which JSON doesn't have"),
        ("rows.json", "[1, 2]", "expected a list of objects"),
        ("rows.csv", "age,kind\n", "expected rows without a label"),
        ("rows.csv", "age,returned\n1,yes\n", "all 1 have one"),
    ],
)
def test_what_holds_no_row_to_label_is_refused(tmp_path: Path, name, content, message):
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(UsageError, match=message):
        rows_of(file, tmp_path)


def test_an_absent_source_is_refused_with_what_can_be_named(tmp_path: Path):
    with pytest.raises(UsageError, match="it does not exist") as caught:
        rows_of(tmp_path / "absent.csv", tmp_path)
    assert "a log of flagged rows" in (caught.value.hint or "")


def test_a_key_has_to_exist_and_to_identify_rows(tmp_path: Path):
    with pytest.raises(UsageError, match="--key-columns nr: expected a column of"):
        chosen(tmp_path, visits(20), 5, keys=("nr",))
    with pytest.raises(UsageError, match="--key-columns kind: expected another key in every row"):
        chosen(tmp_path, visits(20), 5, keys=("kind",))
