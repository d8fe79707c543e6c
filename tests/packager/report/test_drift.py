"""A drift report as tables: each verdict in its row, the overall one last."""

from __future__ import annotations

import math
from typing import Any

import pytest

from packager.monitor.drift import DriftReport, SliceDrift
from packager.report.drift import MAX_NAME, as_text


def report(**changes: Any) -> DriftReport:
    fields = {
        "model": "m", "version": "1", "source": "http://127.0.0.1:1", "regression": False,
        "features": (), "odd": (), "slices": (), "rows": 100.0, "not_compared": (),
    }  # fmt: skip
    return DriftReport(**(fields | changes))


def sliced(**changes: Any) -> SliceDrift:
    fields = {
        "name": "color=E", "rows": 100.0, "labels": 50.0, "score": 0.5, "low": 0.4, "high": 0.6,
        "baseline": 0.8, "baseline_rows": 900.0, "z": -5.0, "regressed": True,
    }  # fmt: skip
    return SliceDrift(**(fields | changes))


@pytest.mark.parametrize("regressed", [True, False])
def test_what_a_person_has_to_see_is_in_capitals(regressed):
    text = as_text(report(slices=(sliced(regressed=regressed),)))
    row = next(line for line in text.splitlines() if line.startswith("color=E"))
    assert (row.split()[-1] == "WORSE") is regressed
    assert "0.4000 to 0.6000" in row


def test_a_slice_without_labels_has_no_interval():
    text = as_text(
        report(
            slices=(
                sliced(labels=0.0, low=math.nan, high=math.nan, score=math.nan, regressed=False),
            )
        )
    )
    row = next(line for line in text.splitlines() if line.startswith("color=E"))
    assert " to " not in row
    assert text.splitlines()[-1].startswith("verdict: ")


def test_names_that_a_server_sent_have_an_end_and_no_control_characters():
    text = as_text(report(model="\x1b[2J" + "x" * 9_999))
    assert "\x1b" not in text
    assert len(text.splitlines()[0]) < MAX_NAME + 200


def test_a_regression_has_an_error_and_a_classifier_an_accuracy():
    assert "accuracy" in as_text(report(slices=(sliced(),)))
    assert "mean error" in as_text(report(slices=(sliced(),), regression=True))
