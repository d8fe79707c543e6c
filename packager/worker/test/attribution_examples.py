"""Rows whose loss one member of a solution made: those that it spoilt, and those it repaired."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from packager.manifest.base import Scalar
from packager.worker.test.attribution_records import MAX_EXAMPLES, RowEffect
from packager.worker.test.cases.outcomes import short
from packager.worker.test.hosted_study import ReceivedRows
from packager.worker.test.judged_rows import JudgedData, JudgedRows
from packager.worker.test.quoted_cells import NOT_SHOWN

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
NOT_ASKED = "not asked"
"""The answer of a member to a row that the flow did not hand it."""


class Effects(NamedTuple):
    """Each member's effect on the loss of each row."""

    members: Sequence[str]
    parts: Floats
    """Shape (k, m), of m rows."""
    rows: Codes
    """Of each of them, its place among the n studied rows, shape (m,)."""
    base: JudgedData
    """The answers of the solution to the n rows."""
    received: Sequence[ReceivedRows]
    hidden: Collection[str] = ()
    """The members whose answers may not be shown; the empty name is that of the solution."""


def row_effects(
    effects: Effects,
    truth: Mapping[str, Sequence[Scalar | None]],
    indices: Codes,
    cells: Callable[[int], Mapping[str, Any]],
) -> tuple[RowEffect, ...]:
    """For each member the rows that it spoilt most, then those that it repaired most.

    ``indices``: of the n rows in the data; ``cells``: what may be shown of a row.
    """
    return tuple(_effects(effects, truth, indices, cells))


def _effects(
    effects: Effects,
    truth: Mapping[str, Sequence[Scalar | None]],
    indices: Codes,
    cells: Callable[[int], Mapping[str, Any]],
) -> Iterator[RowEffect]:
    answers = _answers(effects.received)
    for at, member in enumerate(effects.members):
        part = effects.parts[at]
        order = np.argsort(-part, kind="stable")
        spoilt = [row for row in order[:MAX_EXAMPLES] if part[row] > 0]
        repaired = [row for row in order[::-1][:MAX_EXAMPLES] if part[row] < 0]
        for row in (*spoilt, *repaired):
            index = int(effects.rows[row])
            own = answers.get(member, {}).get(index, NOT_ASKED)
            shown = _solution(effects.base, index)
            if "" in effects.hidden:
                shown = dict.fromkeys(shown, NOT_SHOWN)
            secret = member in effects.hidden
            shown["member_answer"] = NOT_SHOWN if secret else short(own)
            shown["member_right"] = NOT_SHOWN if secret else short(truth[member][index])
            yield RowEffect(
                member=member,
                effect="spoilt" if part[row] > 0 else "repaired",
                row=int(indices[index]),
                share=float(part[row]),
                shown=shown,
                cells=cells(index),
            )


def _answers(received: Sequence[ReceivedRows]) -> dict[str, dict[int, Any]]:
    """Member → place → its last answer."""
    answers: dict[str, dict[int, Any]] = {}
    for call in received:
        answers.setdefault(call.member, {}).update(
            zip(call.indices, call.predictions.labels, strict=True)
        )
    return answers


def _solution(base: JudgedData, index: int) -> dict[str, Any]:
    """The answer and the right answer of the solution."""
    if not isinstance(base, JudgedRows):
        return {}
    return {"answer": short(base.predictions.labels[index]), "right": short(base.truth[index])}
