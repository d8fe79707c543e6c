"""Outputs that are joined from kept parts: which are wanted, which are kept, which are left out."""

from __future__ import annotations

from typing import Any

import pytest
from serving_helpers import make_manifest

from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.manifest import Column, Schema
from serving.protocols import row_parts
from serving.protocols.protocol import ScoredRows
from serving.protocols.row_parts import Fill, Part, RowParts
from serving.protocols.v2_outputs import OutputTensors
from serving.protocols.v2_tensors import OutputTensor

FEATURE = Column(name="a", kind="number", dtype="float64", nullable=True)


class Names:
    """An encoding that writes names, and tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def part(self, output: OutputTensor, *, raw: bool) -> Part:
        self.asked.append(output.name)
        return output.name.encode(), b"raw" if raw else b""

    def fill(self, output: OutputTensor, *, raw: bool) -> Fill:
        self.asked.append(output.name)
        return lambda content: (output.name.encode(), repr((content, raw)).encode())


def parts_of(encoding: Names) -> RowParts:
    manifest = make_manifest(Schema(features=(FEATURE,), classes=("no", "yes")))
    return RowParts(manifest, OutputTensors(manifest), encoding)


def scored(label: Any = "no", *, token: str | None = "x" * 64, **more: Any) -> ScoredRows:
    rows = ValidatedRows((), [more.pop("flags", [])], {}, 1, (FEATURE,))
    tokens = None if token is None else [token]
    chances = more.pop("chances", [[0.75, 0.25]])
    return ScoredRows(rows, [label], chances, ("no", "yes"), tokens, **more)


def test_all_outputs_or_the_wanted_ones_in_their_order() -> None:
    parts = parts_of(Names())
    every = parts.of(None, scored(), raw=True)
    assert every == [
        (b"prediction", b"raw"),
        (b"probabilities", b"([0.75, 0.25], True)"),
        (b"flags", b"raw"),
        (b"token", repr((b"x" * 64, True)).encode()),
    ]
    some = parts.of([("flags", False), ("prediction", True)], scored(), raw=False)
    assert some == [(b"flags", b""), (b"prediction", b"raw")]
    assert parts.of(None, scored(token=None, chances=None), raw=False) == [
        (b"prediction", b""),
        (b"flags", b""),
    ]


def test_what_repeats_is_encoded_once() -> None:
    encoding = Names()
    parts = parts_of(encoding)
    for chance in (0.1, 0.2):
        parts.of(None, scored(chances=[[chance, 1 - chance]]), raw=False)
    assert encoding.asked == ["prediction", "probabilities", "flags", "token"]
    parts.of([("prediction", False)], scored("yes"), raw=False)
    parts.of([("prediction", True)], scored("yes"), raw=False)
    assert encoding.asked[4:] == ["prediction", "prediction"]


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_parts, "MAX_KEPT", 2)
    encoding = Names()
    parts = parts_of(encoding)
    long = ["a:" + "x" * row_parts.MAX_KEPT_TEXT]
    for flags in (long, long, ["a:1"], ["a:2"], ["a:3"], ["a:3"], ["a:1"]):
        parts.of([("flags", False)], scored(flags=flags), raw=False)
    assert len(encoding.asked) == 6


@pytest.mark.parametrize(
    "answer",
    [
        scored(None),
        scored(0.5),
        scored(token="short"),
        scored(chances=[[float("nan"), 1.0]]),
        scored(more=[{"note": 1}]),
        ScoredRows(ValidatedRows((), [[], []], {}, 2, (FEATURE,)), ["no"] * 2, None, None, None),
    ],
)
def test_what_only_tensors_tell_is_left_to_them(answer: ScoredRows) -> None:
    assert parts_of(Names()).of(None, answer, raw=False) is None
