"""The share of rows that pass, tested exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from case_models import FEATURES, PRICES
from scipy.stats import binom

from packager.manifest.case import Case
from packager.manifest.manifest import Schema
from packager.worker.test.cases.outcomes import CaseOutcomes, RowVerdict, open_cells, short
from packager.worker.test.cases.rows import CaseRows

ROW = {"carat": 1.0, "count": 1, "cut": "Fair", "note": "Jane"}


def outcomes(
    passed: int, rows: int, left_out: int = 0, masks: dict[str, Any] | None = None, **keys: Any
) -> CaseOutcomes:
    case = Case(name="mine", kind="metamorphic", call="a:b", **keys)
    made = [RowVerdict(place < passed, place, f"row {place}") for place in range(rows)]
    made += [RowVerdict(False, left_out="left the training range")] * left_out
    return CaseOutcomes(
        case, CaseRows([ROW] * len(made), range(len(made)), masks or {}), made, PRICES
    )


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
def test_a_case_fails_only_if_the_share_is_significantly_below(share: float) -> None:
    for passed in range(201):
        (check,) = outcomes(passed, 200, share=share).checks(0.01)
        assert (check.verdict == "failed") == (binom.cdf(passed, 200, share) < 0.01)


def test_every_row_has_to_pass_unless_a_share_is_given() -> None:
    assert outcomes(200, 200).checks(0.01)[0].verdict == "passed"
    (check,) = outcomes(199, 200).checks(0.01)
    assert check.verdict == "failed"
    assert check.why == (
        "case 'mine' holds on 199 of 200 rows (99.5 %, expected every row); worst row 199: row 199"
    )
    assert [one["row"] for one in outcomes(100, 200).checks(0.01)[0].examples] == [
        *(199, 198, 197, 196, 195)
    ]


def test_too_few_rows_to_fail_are_inconclusive() -> None:
    assert outcomes(0, 1, share=0.95).checks(0.01)[0].verdict == "inconclusive"
    assert outcomes(1, 1, share=0.95).checks(0.01)[0].verdict == "passed"
    assert outcomes(0, 2, share=0.95).checks(0.01)[0].verdict == "failed"


def test_without_a_row_to_judge_a_case_is_inconclusive() -> None:
    (check,) = outcomes(0, 0, left_out=3).checks(0.01)
    assert (check.verdict, check.rows, check.headline) == ("inconclusive", 0, True)
    assert check.why == "case 'mine' can judge no row: 3 of 3 rows left the training range"
    assert outcomes(0, 0).checks(0.01)[0].why == "case 'mine' finds no row"


def test_rows_that_are_left_out_count_neither_way() -> None:
    (check,) = outcomes(5, 5, left_out=7).checks(0.01)
    assert (check.verdict, check.rows, check.now) == ("passed", 5, 1.0)
    assert check.details["left_out"] == {"left the training range": 7}


def test_each_slice_with_a_row_is_judged() -> None:
    masks = {"a": np.array([True, False]), "b": np.array([False, True]), "c": np.zeros(2, bool)}
    found = outcomes(1, 2, masks=masks, slices=True).checks(0.01)
    assert [(one.name, one.verdict) for one in found] == [
        *(("mine", "failed"), ("mine a", "passed"), ("mine b", "failed"))
    ]
    assert len({one.name for one in found}) == 3
    assert len(outcomes(1, 2, masks=masks).checks(0.01)) == 1


def test_no_personal_value_is_shown() -> None:
    names = FEATURES[3].model_copy(update={"personal": "names of people"})
    schema = Schema(features=(*FEATURES[:3], names))
    assert open_cells(ROW, schema) == {"carat": 1.0, "count": 1, "cut": "Fair"}


def test_long_values_are_cut() -> None:
    assert len(short("a" * 500)) == 80
    assert short([1.0] * 500).endswith("…")
    assert short(1.23456789) == 1.23457
    assert short([1]) == [1]
