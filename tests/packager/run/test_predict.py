"""Rows of a file before prediction: columns unknown to the model, and values that JSON lacks."""

from __future__ import annotations

import csv
import decimal
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from host_samples import MANIFEST

from packager.data.rows.request_rows import check_rows
from packager.errors import UsageError
from packager.manifest.manifest import Column, Manifest, Schema
from packager.manifest.outputs import Output
from packager.run.predict import _write_rows, csv_lines

SCHEMA = Schema(
    features=(
        Column(name="size", kind="number", dtype="float64", nullable=True),
        Column(name="kind", kind="string", dtype="str", nullable=True),
    ),
    extras=(Column(name="shop", kind="string", dtype="str", nullable=True),),
    target=Column(name="sold", kind="boolean", dtype="bool", nullable=False),
)


def _rows(source: Path, manifest: Manifest, progress: Any) -> list[dict[str, Any]]:
    target = source.with_name("asked")
    count = _write_rows(source, manifest, target, progress)
    found = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert count == len(found)
    return found


def _as_csv(answers: Any, outputs: Any = (), *, exact: bool = False) -> str:
    return "".join(csv_lines(answers, outputs, exact=exact))


ROW = {"size": 1.5, "kind": "red", "shop": "north", "sold": True}


def manifest(extra: str = "ignore") -> Manifest:
    serve = MANIFEST.serve.model_copy(update={"extra_columns": extra})
    return MANIFEST.model_copy(update={"schema_": SCHEMA, "serve": serve})


def write(folder: Path, form: str, rows: list[Mapping[str, Any]]) -> Path:
    path = folder / f"rows.{form}"
    if form == "csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif form == "json":
        path.write_text(json.dumps(rows))
    elif form == "jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_other_columns_are_reported_or_refused_but_never_the_target(
    tmp_path: Path, form: str
) -> None:
    progress = Mock()
    found = _rows(write(tmp_path, form, [ROW]), manifest("refuse"), progress)
    assert [(row["size"], row["kind"], row["shop"]) for row in found] == [(1.5, "red", "north")]
    progress.warn.assert_not_called()
    path = write(tmp_path, form, [{**ROW, "order": 7}])
    assert _rows(path, manifest(), progress)[0]["size"] == 1.5
    (told,) = progress.warn.call_args.args
    assert told == f"{path.name}: columns that the model does not know: 'order': ignored"
    with pytest.raises(UsageError) as caught:
        _rows(path, manifest("refuse"), progress)
    assert caught.value.message.endswith("expected only columns that the model knows, got 'order'")


def test_many_other_columns_are_reported_in_part(tmp_path: Path) -> None:
    progress = Mock()
    _rows(write(tmp_path, "csv", [{**ROW, **{f"c{n}": n for n in range(8)}}]), manifest(), progress)
    assert "'c4' and 3 more: ignored" in progress.warn.call_args.args[0]


def test_what_a_table_holds_and_json_does_not_is_sent_or_named(tmp_path: Path) -> None:
    rows = [{**ROW, "size": decimal.Decimal("2.50")}, {**ROW, "size": decimal.Decimal("0.1")}]
    found = _rows(write(tmp_path, "parquet", rows), manifest(), Mock())
    assert [row["size"] for row in found] == [2.5, 0.1]
    path = write(tmp_path, "parquet", [ROW, {**ROW, "size": np.inf}])
    with pytest.raises(UsageError) as caught:
        check_rows(_rows(path, manifest(), Mock()), manifest().schema_)
    assert caught.value.message.startswith('row 1, column "size": expected a')
    assert caught.value.message.endswith('got "inf"')


def test_labels_and_probability_columns_have_the_same_text() -> None:
    answers = [{"prediction": True, "probabilities": {"false": 0.25, "true": 0.75}, "flags": []}]
    assert _as_csv(answers) == (
        "prediction,probability false,probability true,flags\ntrue,0.25,0.75,\n"
    )
    assert _as_csv([{"prediction": None, "flags": []}]).splitlines()[1] == ","


def test_csv_of_several_outputs_holds_each_and_the_answer_to_send_with_its_label() -> None:
    outputs = (Output(name="n", kind="number"), Output(name="l", kind="labels"))
    answer = {"prediction": {"n": 1.5, "l": ["a"]}, "flags": []}
    assert _as_csv([answer], outputs) == 'n,l,flags\n1.5,"[""a""]",\n'
    (row,) = csv.DictReader(io.StringIO(_as_csv([{**answer, "token": "t"}], outputs)))
    assert json.loads(row["answer"]) == answer["prediction"]
    assert row["token"] == "t"


def test_csv_has_no_text_that_a_spreadsheet_would_run_unless_it_is_for_programs() -> None:
    formula = '=HYPERLINK("http://x";"y")'
    answers = [
        {"prediction": formula, "flags": ["=x:missing"], "token": "@t"},
        {"prediction": -1.5, "flags": [], "token": "t"},
    ]
    safe = list(csv.reader(io.StringIO(_as_csv(answers))))
    assert safe[1:] == [[f"'{formula}", "'=x:missing", "'@t"], ["-1.5", "", "t"]]
    exact = list(csv.reader(io.StringIO(_as_csv(answers, exact=True))))
    assert exact[1:] == [[formula, "=x:missing", "@t"], ["-1.5", "", "t"]]
