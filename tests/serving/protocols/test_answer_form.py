"""Which form ``Accept`` chooses, and what answers look like in it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.protocols.answer_form import CSV, JSON, JSON_LINES, accepted_form, written

LINES = JSON_LINES[0]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/csv", CSV),
        ("Text/CSV; charset=utf-8", CSV),
        ("application/jsonlines", LINES),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/*", CSV),
        ("application/*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("application/json;q=0.1, text/csv;q=0.9", CSV),
        ("text/csv, application/json", CSV),
        ("application/json, text/csv", JSON),
        ("text/csv;q=0, */*", JSON),
        ("text/csv;q=0, text/*", JSON),
        ("text/csv;q=two", JSON),
        ("application/x-npy", JSON),
        ("text/csv" + " " * 1_000, JSON),
    ],
)
def test_the_most_welcome_form_is_chosen(accept: str | None, form: str) -> None:
    assert accepted_form(None if accept is None else accept.encode()) == form


@given(st.binary(max_size=80))
def test_any_header_chooses_a_form(accept: bytes) -> None:
    assert accepted_form(accept) in (JSON, CSV, *JSON_LINES)


LABELS = ["Ideal", 'a "b", c', "x\r\ny", None, 3, 0.25, True, [1, None], {"0.1": 2.0}]


def test_csv_has_a_line_a_row() -> None:
    text = written(CSV, LABELS, ()).decode()
    assert text.splitlines()[:2] == ["Ideal", '"a ""b"", c"']
    cells = [line for (line,) in csv.reader(io.StringIO(text, newline=""))]
    assert cells == [
        *("Ideal", 'a "b", c', "x\r\ny", "", "3", "0.25", "true", "[1,null]", '{"0.1":2.0}')
    ]


def test_several_outputs_are_several_cells() -> None:
    answers = [{"price": 1.5, "kind": "a"}, {"kind": None, "price": 2}]
    assert written(CSV, answers, ("kind", "price")) == b"a,1.5\n,2\n"
    assert written(CSV, answers[:1], ()) == b'"{""price"":1.5,""kind"":""a""}"\n'


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans())))
def test_every_form_has_every_row(labels: list[Any]) -> None:
    assert json.loads(written(JSON, labels, ())) == {"predictions": labels}
    lines = written(LINES, labels, ()).splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == labels
    text = written(CSV, labels, ()).decode("utf-8")
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == len(labels)
