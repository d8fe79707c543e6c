"""Weak slices, cases and their rows on the page of a test on new data."""

from __future__ import annotations

import html
import re
import tomllib

import pytest
import tested_packages as made
from hypothesis import given
from hypothesis import strategies as st

from packager.report.data_test_examples import (
    MAX_COLUMNS,
    case_cards,
    example_table,
    examples_of,
    rules_line,
    weak_slices,
)
from packager.worker.test.details import WeakDetails


def weak(**fields: object) -> str:
    usual = {"rule": 'age < 30 and sex == "F"', "rows": 300, "share": 0.03, "loss": 0.4,
             "expected": 0.1, "excess": 0.3, "low": 0.2, "high": 0.4}  # fmt: skip
    details = {"slices": [{**usual, **fields}]}
    return weak_slices(made.family("weak", [made.check("weak", family="weak")], details=details))


def test_a_weak_slice_has_a_line_to_paste() -> None:
    text = weak()
    assert "300 rows (3.0 %), loss 0.4000 instead of 0.1000" in text
    [line] = re.findall(r"<pre[^>]*><code>(.*?)</code>", text)
    assert tomllib.loads(html.unescape(line)) == {
        'weak: age < 30 and sex == "F"': 'age < 30 and sex == "F"'
    }


@given(st.text(st.characters(codec="utf-8")))
def test_any_rule_reads_back_from_its_line(rule: str) -> None:
    line = rules_line(rule)
    assert "\n" not in line
    assert tomllib.loads(line) == {f"weak: {rule}": rule}


def test_no_weak_slice_is_said_and_no_search_is_not() -> None:
    why = "no weak slices among 4,101 that were tried on 5,000 rows"
    search = made.check("search", family="weak", metric="slices", why=why)
    none = WeakDetails(slices=()).model_dump()
    assert weak_slices(made.family("weak", [search], details=none)) == f"<p>{why}</p>"
    assert weak_slices(made.family("weak", verdict="not judged", why="no labels")) == ""


def test_rows_of_a_slice_are_folded_below_it() -> None:
    text = weak(examples=[{"row": 4, "age": 22}, {"row": 9, "age": None, "why": "far"}])
    assert "<summary>2 rows of it</summary>" in text
    assert re.findall(r'<th scope="col"[^>]*>(\w+)', text)[:3] == ["row", "age", "why"]


def test_failed_cases_come_first_with_their_rows() -> None:
    rows = ({"row": 3, "carat": 1.2, "answer": [1, 2]},)
    cases = [
        made.check("passes", family="cases", metric="invariance"),
        made.failed("fails", family="cases", metric="directional", examples=rows, why="3 of 200"),
    ]
    text = case_cards(cases)
    assert text.index("fails") < text.index("passes")
    assert '<span class="badge failed">failed</span>' in text
    assert "<summary>worst rows</summary>" in text
    assert "[1, 2]" in text


def test_a_wide_row_is_bounded() -> None:
    text = example_table("rows", [{f"c{place}": "x" * 5_000 for place in range(500)}])
    assert (
        text.count("<th") == 2 * MAX_COLUMNS - (MAX_COLUMNS - 1) + 1
    )  # heads, one body head, thead
    assert len(text) < 20_000


@pytest.mark.parametrize("verdict", ["failed", "warned", "inconclusive"])
def test_rows_are_shown_of_checks_that_did_not_pass(verdict: str) -> None:
    rows = ({"row": 3},)
    checks = [made.check(examples=rows), made.check("bad", examples=rows, verdict=verdict)]
    [text] = examples_of(checks)
    assert "rows of bad" in text


def test_cells_are_columns_of_their_own_whatever_their_names() -> None:
    text = example_table("rows", [{"row": 3, "loss": 0.5, "cells": {"row": "own", "cells": 7}}])
    heads = re.findall(r"<th[^>]*>(?:<span>)?([^<]+)", text)
    assert heads[:4] == ["row", "loss", "row", "cells"]
    assert "own" in text
