"""Answers of every kind as HTML."""

from __future__ import annotations

from typing import Any

import pytest
from html_forms import SentForm
from serving_helpers import make_manifest
from tried_packages import HOSTILE

from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output
from serving.try_page.answers import MAX_BARS, answer_html

LEVELS = (0.1, 0.5, 0.9)


def shown(prediction: Any, chances: Any = None, *outputs: Output) -> SentForm:
    manifest = make_manifest(Schema(features=(), classes=("a", HOSTILE), outputs=outputs))
    answer = {"prediction": prediction, **({} if chances is None else {"probabilities": chances})}
    return SentForm(answer_html(manifest, answer))


def test_probabilities_are_bars_the_greatest_first() -> None:
    page = shown("a", {HOSTILE: 0.25, "a": 0.75})
    assert page.said == f"a a 75.0 % {HOSTILE} 25.0 %"
    widths = [given["width"] for tag, given in page.tags if tag == "rect"]
    assert widths == ["100", "75.00", "100", "25.00"]
    assert [given.get("class") for tag, given in page.tags if tag == "li"] == ["chosen", None]


def test_many_probabilities_open_on_demand() -> None:
    page = shown("c0", {f"c{at}": 1 / 40 for at in range(40)})
    assert f"{40 - MAX_BARS} more" in page.said


def test_no_prediction_and_no_probability_are_said() -> None:
    assert "no prediction" in shown(None).said
    assert shown("a", {"a": None}).said == "a a -"


@pytest.mark.parametrize(
    ("output", "prediction", "said"),
    [
        (Output(name="x", kind="number"), 1234567.25, "1,234,567.25"),
        (Output(name="x", kind="number"), 1234.5, "1,234.5"),
        (Output(name="x", kind="score"), 0.5, "0.5 a score: higher is further up the ranking"),
        (Output(name="x", kind="text"), HOSTILE, HOSTILE),
        (
            Output(name="x", kind="quantiles", levels=LEVELS),
            {"0.1": 1.0, "0.5": 2.5, "0.9": 9.0},
            "2.5 quantile 0.1 1 quantile 0.5 2.5 quantile 0.9 9",
        ),
        (
            Output(name="x", kind="quantiles", levels=LEVELS, shape=(2,), target=("d1", "d2")),
            {"0.1": [1, 2], "0.5": [3, 4], "0.9": [5, None]},
            "step 0.1 0.5 0.9 d1 1 3 5 d2 2 4 -",
        ),
        (Output(name="x", kind="numbers", target=("d1", "d2")), [1.5, 2.0], "d1 1.5 d2 2"),
        (
            Output(name="x", kind="numbers", times=(6, 12), target=("m",)),
            [0.9, 0.8],
            "until 6 0.9 until 12 0.8",
        ),
        (Output(name="x", kind="array"), [[1.0, 2.0], [3.0, 4.0]], "2 x 2 numbers"),
        (Output(name="x", kind="labels"), [], "no label"),
        (Output(name="x", kind="json"), ["shoe", HOSTILE], f"shoe {HOSTILE}"),
        (Output(name="x", kind="json", spans=True), [[0, 4, "ORG"]], "ORG 0 to 4"),
        (Output(name="x", kind="json"), {"a": HOSTILE}, "the whole answer"),
    ],
)
def test_each_kind_reads_well(output: Output, prediction: Any, said: str) -> None:
    page = shown(prediction, None, output)
    assert said in page.said
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "b"})


def test_an_interval_is_drawn_to_scale() -> None:
    quantiles = Output(name="x", kind="quantiles", levels=LEVELS)
    page = shown({"0.1": 0.0, "0.5": 5.0, "0.9": 10.0}, None, quantiles)
    marks = [given["x1"] for tag, given in page.tags if given.get("class") == "mark"]
    assert marks == ["1.00", "50.00", "99.00"]
    assert "svg" not in {tag for tag, _ in shown({"0.1": 1.0, "0.5": 1.0}, None, quantiles).tags}


def test_several_outputs_have_their_names() -> None:
    outputs = (Output(name="price", kind="number"), Output(name="tags", kind="labels"))
    page = shown({"price": 3.5, "tags": ["new"]}, {"tags": {"new": 0.9, "old": 0.1}}, *outputs)
    assert page.said == "price 3.5 tags new new 90.0 % old 10.0 %"
