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
class RowVerdict:
    """Of one row."""

    passed: bool
    badness: float = 0.0
    """Larger is worse, of rows that did not pass."""
    why: str = ""
    """The failure of the worst row: ``326 became 310``."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """For a report: answers, and the cells that were changed."""
    left_out: str = ""
    """Why the row can't be judged: ``left the training range``; empty if it is."""


@dataclass(frozen=True)
class CaseOutcomes:
    """The rows of a case and their outcomes."""

    case: Case
    rows: CaseRows
    outcomes: Sequence[RowVerdict]
    schema: Schema

    def checks(self, level: float) -> list[Check]:
        """One check of all rows and, if the case asks for it, one of each declared slice.

        ``level``: the probability of failing although the share that passes is ``case.share``.
        """
        checks = [self._check("", list(range(len(self.rows))), level)]
        if self.case.slices:
            checks += [
                self._check(name, np.flatnonzero(mask).tolist(), level)
                for name, mask in self.rows.masks.items()
                if mask.any()
            ]
        return checks

    def _check(self, slice_: str, chosen: Sequence[int], level: float) -> Check:
        """The check of the rows at the positions ``chosen``."""
        case, outcomes = self.case, self.outcomes
        judged = [index for index in chosen if not outcomes[index].left_out]
        wrong = [index for index in judged if not outcomes[index].passed]
        failed = sorted(wrong, key=lambda index: -outcomes[index].badness)
        rows, count = len(judged), len(judged) - len(failed)
        left_out = dict(_left_out([outcomes[index] for index in chosen]))
        name = f"{case.name} {slice_}".strip()
        return Check(
            family="cases",
            name=name,
            subject=case.name,
            metric=case.kind,
            baseline=case.share,
            now=count / rows if rows else None,
            difference=count / rows - case.share if rows else None,
            worse=-1,
            limit=0.0,
            rows=rows,
            headline=not slice_ and case.severity == "fail",
            severity=case.severity,
            verdict=_verdict(count, rows, case.share, level),
            why=self._sentence(name, rows, failed)
            if rows
            else _nothing(name, len(chosen), left_out),
            examples=tuple(self._example(index) for index in failed[:MAX_EXAMPLES]),
            details={
                "kind": case.kind,
                "passed": count,
                "failed": len(failed),
                "left_out": left_out,
            },
        )

    def _sentence(self, name: str, rows: int, failed: Sequence[int]) -> str:
        """``failed``: the positions of rows that did not pass, the worst first."""
        if not failed:
            return f"case {name!r} holds on {'all ' * (rows > 1)}{_rows(rows)}"
        passed, share = rows - len(failed), self.case.share
        expected = "every row" if share == 1 else f"{100 * share:g} %"
        why = self.outcomes[failed[0]].why
        worst = f"; worst row {self.rows.names[failed[0]]}: {why}" if why else ""
        return (
            f"case {name!r} holds on {passed} of {_rows(rows)} ({_percent(passed, rows)}, expected "
            f"{expected}){worst}"
        )

    def _example(self, index: int) -> dict[str, Any]:
        """A row for a report; without the values of columns with personal data."""
        return {
            "row": self.rows.names[index],
            **self.outcomes[index].shown,
            "cells": open_cells(self.rows.rows[index], self.schema),
        }


def _verdict(passed: int, rows: int, share: float, level: float) -> CheckVerdict:
    """Failed if so few rows pass by chance with a probability below ``level``."""
    if not rows or (share < 1 and passed < rows and at_most(0, rows, share) > level):
        return "inconclusive"
    if share == 1:
        return "passed" if passed == rows else "failed"
    return "failed" if at_most(passed, rows, share) < level else "passed"


def _nothing(name: str, rows: int, left_out: Mapping[str, int]) -> str:
    if not rows:
        return f"case {name!r} finds no row"
    reason = max(left_out, key=lambda one: left_out[one])
    return f"case {name!r} can judge no row: {left_out[reason]} of {_rows(rows)} {reason}"


def _left_out(outcomes: Sequence[RowVerdict]) -> Iterator[tuple[str, int]]:
    reasons = [outcome.left_out for outcome in outcomes if outcome.left_out]
    return ((reason, reasons.count(reason)) for reason in dict.fromkeys(reasons))


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % are all."""
    return f"{math.floor(1000 * part / whole) / 10:g} %"


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
