"""What ``package drift --shadow`` prints."""

from __future__ import annotations

import math
from dataclasses import replace

from packager.replicas.shadow import ShadowReport, ShadowSlice
from packager.report.shadow import shadow_text

EVERY = ShadowSlice("__all__", 1_000.0, 0.82, 0.92, 0.1, 0.05, 0.15)
REPORT = ShadowReport(
    model="m",
    version="1-a",
    source="2 replicas since their start",
    challengers=("2-b",),
    rows={"same": 90.0, "other": 12_345.0, "failed": 0.0},
    unpaired=7.0,
    horizon=2_000.0,
    slices=(EVERY, replace(EVERY, name="small", pairs=3.0, low=-math.inf, high=math.inf)),
    regression=False,
)


def test_rows_slices_and_the_verdict_with_its_horizon() -> None:
    text = shadow_text(REPORT)
    assert text.startswith("champion m 1-a, challenger 2-b: 2 replicas since their start\n")
    assert "12,345" in text
    assert [line.split()[0] for line in text.splitlines() if "better" in line] == [
        "__all__",
    ]
    assert "7 labels without an answer of the challenger" in text
    assert text.endswith(
        "verdict: CHALLENGER BETTER (the interval does not contain 0, at this and every earlier"
        " look; horizon 2000 labels, 95 % at every look)"
    )


def test_before_the_first_answer() -> None:
    text = shadow_text(replace(REPORT, challengers=(), slices=()))
    assert "challenger no answer yet" in text
    assert "verdict: undecided (no label of a row that both answered has come; " in text


def test_a_slice_without_labels_has_empty_cells() -> None:
    empty = ShadowSlice("none", 0.0, None, None, math.nan, -math.inf, math.inf)
    text = shadow_text(replace(REPORT, slices=(EVERY, empty)))
    assert any(line.startswith("none") and line.endswith("undecided") for line in text.splitlines())


def test_names_from_a_server_are_cut_and_escaped() -> None:
    text = shadow_text(replace(REPORT, challengers=("\x1b[31m" + "x" * 1_000, "b")))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 1_200


def test_a_regression_has_no_accuracies() -> None:
    part = replace(EVERY, champion=None, challenger=None)
    heads = shadow_text(replace(REPORT, slices=(part,), regression=True)).splitlines()
    assert any("error less" in line and "champion" not in line for line in heads[1:])
