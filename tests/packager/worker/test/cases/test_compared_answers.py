"""Cases that compare answers, for every kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from case_models import CaseBench, Prices, outputs_schema, price_of

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.outputs import Output, OutputKind


def tags(frame: pd.DataFrame) -> Any:
    return [["big"] if carat > 1 else ["small", "cheap"] for carat in frame["carat"]]


KINDS: list[tuple[OutputKind, dict[str, Any], Callable[[pd.DataFrame], Any], str]] = [
    ("number", {}, price_of, "between 0 and 10000"),
    ("score", {}, price_of, "between 0 and 10000"),
    ("labels", {"classes": ("big", "cheap", "small")}, tags, "label:small"),
    ("label", {}, lambda f: np.where(f["carat"] < 1, "small", "big"), "label:small"),
    (
        "numbers",
        {"shape": (2,)},
        lambda f: np.column_stack([price_of(f), price_of(f) / 2]),
        "between 0 and 10000",
    ),
    ("array", {}, lambda f: np.column_stack([f["carat"], f["count"]]), "between 0 and 20"),
    (
        "quantiles",
        {"levels": (0.1, 0.9)},
        lambda f: np.column_stack([price_of(f), price_of(f) * 2]),
        "between 0 and 20000",
    ),
    ("text", {}, lambda f: [f"{carat:.1f}" for carat in f["carat"]], "same"),
    ("json", {}, lambda f: [{"carat": carat} for carat in f["carat"]], "within 10"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "more", "rule", "expect"), KINDS, ids=[k[0] for k in KINDS])
def test_every_kind_of_answer_is_held_to_what_fits_it(
    bench: CaseBench, kind: OutputKind, more: dict[str, Any], rule: Any, expect: str
) -> None:
    schema = outputs_schema(Output(name="answer", kind=kind, **more))
    same = Case(name="notes", kind="invariance", change={"note": "upper"})
    fits = (
        Case(name="fits", kind="bounds", rows="where:carat < 1", expect=expect)
        if expect.startswith(("between", "label"))
        else Case(name="fits", kind="invariance", change={"count": "+ 1"}, expect=expect)
    )
    given: dict[str, Any] = {"schema": schema, "task": "outputs"}
    checks = bench.judge(Prices(rule), same, fits, batches=True, **given)
    assert [(one.verdict, one.why) for one in checks if one.verdict != "passed"] == []

    def shouting(frame: pd.DataFrame) -> Any:
        return rule(frame.assign(carat=frame["carat"] + frame["note"].str.isupper() * 1.0))

    leaking = bench.judge(Prices(shouting), same, **given)
    assert [one.verdict for one in leaking] == ["failed"]


def test_changes_that_leave_the_training_range_are_flagged_and_not_failed(bench: CaseBench) -> None:
    case = Case(name="more", kind="directional", change={"carat": "* 2"}, expect="increases")
    (check,) = bench.judge(Prices(), case)
    outside = check.details["left_out"]["left the training range"]
    assert check.verdict == "passed"
    assert check.rows + outside == 60
    assert outside > 5
    unseen = Case(name="odd", kind="invariance", change={"cut": "set:Odd"})
    (check,) = bench.judge(Prices(), unseen)
    assert (check.verdict, check.why) == (
        "inconclusive",
        "case 'odd' can judge no row: 60 of 60 rows left the training range",
    )


def test_a_null_is_within_the_range_of_a_column_that_had_some(bench: CaseBench) -> None:
    case = Case(name="no note", kind="invariance", change={"note": "null"})
    (check,) = bench.judge(Prices(), case)
    assert (check.verdict, check.rows) == ("passed", 60)
    refused = Case(name="no carat", kind="invariance", change={"carat": "null"})
    (check,) = bench.judge(Prices(), refused)
    assert check.verdict == "inconclusive"


def test_rows_that_a_change_leaves_as_they_are_do_not_count(bench: CaseBench) -> None:
    case = Case(name="ideal", kind="directional", change={"cut": "set:Ideal"}, expect="increases")
    (check,) = bench.judge(Prices(), case)
    assert check.verdict == "passed"
    assert check.details["left_out"]["stayed as they were"] == 60 - check.rows > 5


def test_a_row_on_which_the_model_raises_after_the_change_fails(bench: CaseBench) -> None:
    def picky(frame: pd.DataFrame) -> Any:
        if frame["note"].isna().any():
            raise ValueError("no note")
        return price_of(frame)

    case = Case(name="no note", kind="invariance", change={"note": "null"}, rows="sample:3")
    (check,) = bench.judge(Prices(picky), case)
    assert check.verdict == "failed"
    assert "the model raises: the model raised ValueError: no note, with note stone" in check.why


def test_the_worst_step_along_a_grid_is_named(bench: CaseBench) -> None:
    def dented(frame: pd.DataFrame) -> Any:
        return price_of(frame) - 5_000 * (frame["carat"] > 2.9)

    case = Case(name="along", kind="monotonic", column="carat", expect="increases", points=3)
    (check,) = bench.judge(Prices(dented), case)
    assert check.verdict == "failed"
    assert ", with carat 1.6 → 3" in check.why
    (check,) = bench.judge(Prices(dented), case.model_copy(update={"expect": "decreases"}))
    assert ", with carat 0.2 → 1.6" in check.why


def test_a_grid_of_whole_numbers_has_whole_numbers(bench: CaseBench) -> None:
    case = Case(name="along", kind="monotonic", column="count", expect="increases", points=7)
    (check,) = bench.judge(Prices(), case)
    assert check.verdict == "passed"


def test_a_flat_answer_is_monotonic(bench: CaseBench) -> None:
    case = Case(name="flat", kind="monotonic", column="carat", expect="increases")
    (check,) = bench.judge(Prices(lambda f: np.full(len(f), 3.0)), case)
    assert check.verdict == "passed"


def test_a_grid_needs_numbers(bench: CaseBench) -> None:
    case = Case(name="odd", kind="monotonic", column="cut", expect="increases")
    with pytest.raises(UsageError, match="case 'odd': expected a feature of numbers in `column`"):
        bench.judge(Prices(), case)
