"""A paired evaluation for people and for programs."""

from __future__ import annotations

import json
import math

import pytest

from packager.compare.significance import PairedDifference
from packager.report.evaluation import as_json, as_text
from packager.run.evaluate import PairedEvaluation


def evaluation(metric: str = "accuracy", **changes: object) -> PairedEvaluation:
    one = PairedDifference(100, 0.7, 0.9, 0.2, 0.1, math.inf, 0.001, 0.001)
    if metric != "accuracy":
        one = PairedDifference(100, -0.9, -0.7, 0.2, 0.1, 0.3, 0.001, 0.001)
    fields = {"slices": {"color=E": one}, "q": {"color=E": 0.5}, "seeds_known": True}
    return PairedEvaluation(metric=metric, overall=one, **{"by_sample": (), **fields, **changes})


def test_an_interval_without_an_end_is_null_for_programs():
    found = as_json(evaluation())
    assert found["overall"]["high"] is None
    assert found["sentence"] == evaluation().sentence
    json.dumps(found, allow_nan=False)


def test_a_slice_is_judged_by_its_adjusted_p():
    lines = as_text(evaluation()).splitlines()
    overall, one = (next(line for line in lines if line.startswith(n)) for n in ("all", "color=E"))
    assert overall.split()[-1] == "better"
    assert one.endswith("no difference")


def test_an_error_is_shown_as_one_and_less_of_it_is_better():
    lines = as_text(evaluation("mean absolute error")).splitlines()
    row = next(line for line in lines if line.startswith("all"))
    assert "-0.3000 to -0.1000" in row
    assert "0.9000" in row
    assert row.split()[-1] == "better"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"seeds_known": False}, "the variance of seeds is not known: package train --seeds 5"),
        ({"by_sample": ("a", "b")}, "by the sample alone, seeds not known: a, b"),
    ],
)
def test_what_is_not_known_of_seeds_is_said(changes, note):
    assert as_text(evaluation(**changes)).splitlines()[-1].startswith(note)
