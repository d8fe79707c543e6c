"""Label files of every format, with row positions; batches are sent, and results summed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.progress import NullProgress
from packager.replicas import feedback
from packager.replicas.feedback import FeedbackResult, send


class Answering:
    """A client that refuses the labels ``bad`` and skips those that are unknown."""

    def __init__(self, bad: str = "", *, structured: bool = False) -> None:
        self.bad = bad
        self.structured = structured
        self.parts: list[list[tuple[Any, Any]]] = []

    def feedback(self, pairs: list[tuple[Any, Any]], batch: int) -> Any:
        self.parts.append(pairs)
        if self.structured:
            return SimpleNamespace(accepted=len(pairs), skipped=0, rejected=[])
        rejected = [(place, "unknown label") for place, (_, a) in enumerate(pairs) if a == self.bad]
        skipped = sum(actual is None for _, actual in pairs)
        accepted = len(pairs) - skipped - len(rejected)
        return SimpleNamespace(accepted=accepted, skipped=skipped, rejected=rejected)

    def needs_answers(self) -> bool:
        return self.structured


def sent(path: Path, bad: str = "bad") -> tuple[FeedbackResult, list[tuple[Any, Any]]]:
    client = Answering(bad)
    found = send(client, path, NullProgress())  # type: ignore[arg-type]
    return found, [pair for part in client.parts for pair in part]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_cells_of_csv_are_sent_as_they_are(tmp_path: Path):
    path = written(tmp_path, "l.csv", '﻿note,token,actual\nx,t1,01\n"a\nb",t2,\'=1\n')
    found, pairs = sent(path)
    assert pairs == [("t1", "01"), ("t2", "=1")]
    assert (found.accepted, found.unit) == (2, "line")


def test_places_are_lines_of_text_and_rows_of_tables(tmp_path: Path):
    csv, _ = sent(written(tmp_path, "l.csv", "token,actual\nt1,a\nt2,bad\n"))
    assert (csv.unit, csv.rejected) == ("line", ((3, "unknown label"),))
    rows = [{"token": "t1", "actual": "a"}, {"token": "t2", "actual": "bad"}]
    listed, _ = sent(written(tmp_path, "l.json", json.dumps(rows)))
    assert (listed.unit, listed.rejected) == ("row", ((1, "unknown label"),))
    lines = "\n" + "\n\n".join(map(json.dumps, rows))
    apart, _ = sent(written(tmp_path, "l.jsonl", lines))
    assert (apart.unit, apart.rejected) == ("line", ((4, "unknown label"),))


def test_integers_beside_nulls_stay_integers(tmp_path: Path):
    path = tmp_path / "l.PARQUET"
    labels = pd.array([1, None], dtype="Int64")
    pd.DataFrame({"token": ["t1", "t2"], "actual": labels}).to_parquet(path)
    found, pairs = sent(path)
    assert pairs == [("t1", 1), ("t2", None)]
    assert isinstance(pairs[0][1], int)
    assert found.skipped == 1


def test_an_object_without_a_label_has_none_yet(tmp_path: Path):
    text = '{"token": "t1"}\n{"token": "t2", "actual": 1}\n'
    found, pairs = sent(written(tmp_path, "l.jsonl", text))
    assert pairs == [("t1", None), ("t2", 1)]
    assert found.skipped == 1


def test_places_count_on_from_one_part_to_the_next(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(feedback, "BATCH_LABELS", 2)
    text = "token,actual\n" + "".join(f"t{n},{'bad' if n == 4 else 'a'}\n" for n in range(5))
    client = Answering("bad")
    found = send(client, written(tmp_path, "l.csv", text), NullProgress())  # type: ignore[arg-type]
    assert [len(part) for part in client.parts] == [2, 2, 1]
    assert (found.accepted, found.rejected) == (4, ((6, "unknown label"),))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.csv", "token,actual\n", "expected at least one label, got none"),
        ("l.csv", "", "expected the columns token and actual, got no 'token'"),
        ("l.csv", "token,label\nt,1\n", "got no 'actual'"),
        ("l.csv", "token,actual,actual\nt,1,2\n", "the column 'actual' once, got it twice"),
        ("l.csv", "token,actual\nt1,1\nt2\n", "line 3: expected 2 cells, got fewer"),
        ("l.csv", 'token,actual\nt,"1\n', "can't be read as CSV"),
        ("l.json", "{}", "expected a list of objects, got dict"),
        ("l.json", "[1]", "expected objects, got '1' (0)"),
        ("l.json", "[" * 100_000, "expected JSON"),
        ("l.json", "[]", "expected at least one label, got none"),
        ("l.jsonl", '{"token": "t", "actual": 1}\n{', "line 2: expected JSON"),
        ("l.jsonl", '{"token": "t"}\n', "got no 'actual'"),
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_sent(tmp_path, name, text, message):
    client = Answering()
    with pytest.raises(UsageError) as caught:
        send(client, written(tmp_path, name, text), NullProgress())  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert client.parts == []


@pytest.mark.parametrize("name", ["l.csv", "l.json", "l.jsonl"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"token,actual\n\xff\xfe,1\n")
    with pytest.raises(UsageError, match="l\\."):
        sent(tmp_path / name)


def test_labels_that_counted_before_are_complete_and_others_are_not():
    assert FeedbackResult(0, 3, ((1, "duplicate"),), "row").complete
    mixed = FeedbackResult(0, 0, ((1, "unknown"), (2, "duplicate"), (3, "unknown")), "row")
    assert not mixed.complete
    assert mixed.reasons == {"duplicate": 1, "unknown": 2}


ANSWERS = [
    ("t1", {"price": 1.5, "city": "x"}, {"price": 2}),
    ("t2", [1, None], "3"),
    ("t3", "a text", "a text"),
]


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_answers_are_sent_with_labels_to_a_package_that_needs_them(tmp_path: Path, form: str):
    rows = [dict(zip(("token", "answer", "actual"), one, strict=True)) for one in ANSWERS]
    path = tmp_path / f"l.{form}"
    if form == "csv":
        cells = [[o if isinstance(o, str) else json.dumps(o) for o in one] for one in ANSWERS]
        pd.DataFrame(cells, columns=["token", "answer", "actual"]).to_csv(path, index=False)
    else:
        lines = "\n".join(map(json.dumps, rows))
        path.write_text(lines if form == "jsonl" else json.dumps(rows))
    client = Answering(structured=True)
    send(client, path, NullProgress())  # type: ignore[arg-type]
    assert client.parts == [ANSWERS]
    # A plain package gets tokens and labels, whatever another column is called.
    _, pairs = sent(path)
    assert [token for token, _ in pairs] == ["t1", "t2", "t3"]


def test_answers_of_parquet_are_sent(tmp_path: Path):
    path = tmp_path / "l.parquet"
    answers = [{"price": 1.5, "load": [1.0, 2.0]}]
    pd.DataFrame({"token": ["t"], "answer": answers, "actual": [{"price": 2.0}]}).to_parquet(path)
    client = Answering(structured=True)
    send(client, path, NullProgress())  # type: ignore[arg-type]
    assert client.parts == [[("t", answers[0], {"price": 2.0})]]
