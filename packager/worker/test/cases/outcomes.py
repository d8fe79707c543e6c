"""From the outcome of each row to checks: the share that passes, tested exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.stats.exact import at_most
from packager.manifest.case import Case
from packager.manifest.manifest import Schema
from packager.worker.test.cases.rows import CaseRows, Row
from packager.worker.test.report import Check, CheckVerdict

MAX_EXAMPLES = 5
MAX_CELLS = 20
"""Cells of an example at most."""
MAX_TEXT = 80


@dataclass(frozen=True)
class Outcome:
    """Of one row."""

    passed: bool
    badness: float = 0.0
    """Larger is worse, of rows that did not pass."""
    why: str = ""
    """What happened, for the worst row: ``326 became 310``."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """For a report: answers, and the cells that were changed."""
    left_out: str = ""
    """Why the row can't be judged: ``left the training range``; empty if it is."""


def checks_of(
    case: Case, rows: CaseRows, outcomes: Sequence[Outcome], schema: Schema, level: float
) -> list[Check]:
    """One check of all rows and, if the case asks for it, one of each declared slice.

    ``level``: the probability of failing although the share of rows that pass is ``case.share``.
    """
    every = np.ones(len(rows), np.bool_)
    made = [_check(case, "", rows, outcomes, every, schema, level)]
    if case.slices:
        made += [
            _check(case, name, rows, outcomes, mask, schema, level)
            for name, mask in rows.masks.items()
            if mask.any()
        ]
    return made


def _check(
    case: Case,
    slice_: str,
    rows: CaseRows,
    outcomes: Sequence[Outcome],
    mask: Any,
    schema: Schema,
    level: float,
) -> Check:
    chosen = [place for place in np.flatnonzero(mask).tolist()]
    judged = [place for place in chosen if not outcomes[place].left_out]
    failed = sorted(
        (place for place in judged if not outcomes[place].passed),
        key=lambda place: -outcomes[place].badness,
    )
    count = len(judged) - len(failed)
    verdict = _verdict(count, len(judged), case.share, level)
    name = f"{case.name} {slice_}".strip()
    return Check(
        family="cases",
        name=name,
        subject=case.name,
        metric=case.kind,
        baseline=case.share,
        now=count / len(judged) if judged else None,
        difference=count / len(judged) - case.share if judged else None,
        worse=-1,
        limit=0.0,
        rows=len(judged),
        headline=not slice_,
        severity=case.severity,
        verdict=verdict,
        why=_sentence(name, case, judged, [outcomes[place] for place in failed], rows, failed)
        if judged
        else _nothing(name, [outcomes[place] for place in chosen]),
        examples=tuple(
            _example(rows, place, outcomes[place], schema) for place in failed[:MAX_EXAMPLES]
        ),
        details={
            "kind": case.kind,
            "passed": count,
            "failed": len(failed),
            "left_out": dict(_left_out(outcomes[place] for place in chosen)),
        },
    )


def _verdict(passed: int, rows: int, share: float, level: float) -> CheckVerdict:
    """Failed if so few rows pass by chance with a probability below ``level``."""
    if not rows or (share < 1 and passed < rows and at_most(0, rows, share) > level):
        return "inconclusive"
    if share == 1:
        return "passed" if passed == rows else "failed"
    return "failed" if at_most(passed, rows, share) < level else "passed"


def _sentence(
    name: str,
    case: Case,
    judged: Sequence[int],
    failed: Sequence[Outcome],
    rows: CaseRows,
    places: Sequence[int],
) -> str:
    count = len(judged)
    if not failed:
        return f"case {name!r} holds on {'all ' * (count > 1)}{_rows(count)}"
    wanted = "every row" if case.share == 1 else f"{case.share:.0%}"
    worst = f"; worst row {rows.names[places[0]]}: {failed[0].why}" if failed[0].why else ""
    passed = count - len(failed)
    return (
        f"case {name!r} holds on {passed} of {_rows(count)} ({_percent(passed, count)}, expected "
        f"{wanted}){worst}"
    )


def _nothing(name: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return f"case {name!r} finds no row"
    reason, count = max(_left_out(outcomes), key=lambda one: one[1])
    return f"case {name!r} can judge no row: {count} of {_rows(len(outcomes))} {reason}"


def _left_out(outcomes: Any) -> Iterator[tuple[str, int]]:
    reasons = [one.left_out for one in outcomes if one.left_out]
    return ((reason, reasons.count(reason)) for reason in dict.fromkeys(reasons))


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % are all."""
    return f"{math.floor(1000 * part / whole) / 10:g} %"


def _example(rows: CaseRows, place: int, outcome: Outcome, schema: Schema) -> dict[str, Any]:
    """A row for a report; without the values of columns with personal data."""
    return {
        "row": rows.names[place],
        **outcome.shown,
        "cells": open_cells(rows.rows[place], schema),
    }


def open_cells(row: Row, schema: Schema) -> dict[str, Any]:
    """The cells of a row that may be shown: no personal data, and no arrays or bytes."""
    shown = [
        column.name
        for column in schema.features
        if column.personal is None and column.kind not in ("array", "bytes", "list")
    ]
    return {name: short(row.get(name)) for name in shown[:MAX_CELLS]}


def short(value: Any) -> Any:
    """A cell, or an answer, of bounded length."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list | dict):
        text = str(value)
        return value if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
    return value
