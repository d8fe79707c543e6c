"""The case that every project has: an answer depends on its row alone.

A server joins rows of several clients into one batch, in any order. A model that depends on the
other rows of the batch, on their order or on earlier calls gives answers there that were never
measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from packager.manifest.manifest import Schema
from packager.model.answer_difference import difference, size
from packager.worker.processes.resilient_model import Row, RowOutcome
from packager.worker.test.cases.outcomes import open_cells, short
from packager.worker.test.cases.row_outcomes import WORDS, RowAsker
from packager.worker.test.report import Check

NAME = "order and batch size"
ROWS = 200
ALONE = 12
"""Rows that are asked one at a time."""
PART = 7
"""Rows of another batch size."""
TOLERANCE = 1e-5
"""Relative to the largest number of the answers: other batch sizes add up in another order."""
AGAIN = "the same rows again"
HINT = "a model that needs the whole batch declares it: [test] batch_invariance = false"
GIVEN: tuple[RowOutcome, ...] = ("answered", "no answer")

Answer = Mapping[str, Any]


def check_batches(
    rows: Sequence[Row], names: Sequence[int], asker: RowAsker, schema: Schema
) -> Check:
    """Ask for up to ``ROWS`` of ``rows`` together, again, shuffled, in parts and one at a time."""
    some = np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(int)).tolist()
    batch_rows, indices = [rows[index] for index in some], [names[index] for index in some]
    whole = asker.together(batch_rows) if batch_rows else None
    if whole is None or whole.outcome not in GIVEN:
        word = "there is no row" if whole is None else WORDS.get(whole.outcome, whole.outcome)
        return _check(len(batch_rows), "inconclusive", f"{NAME} can't be judged: {word}")
    answers = [_plain(answer) for answer in whole.answers]
    slack = TOLERANCE * max(map(size, answers), default=0.0)
    for what, orders in _regroupings(len(batch_rows)):
        worst: tuple[float, int, Answer] = (0.0, -1, {})
        for order in orders:
            reply = asker.together([batch_rows[index] for index in order])
            if reply.outcome not in GIVEN:
                return _refusing(len(batch_rows), what, WORDS.get(reply.outcome, reply.outcome))
            for index, one in zip(order, reply.answers, strict=True):
                apart = _distance(answers[index], _plain(one), slack)
                if apart > max(slack, worst[0]):
                    worst = (apart, index, _plain(one))
        if worst[1] >= 0:
            shown = _example(indices[worst[1]], answers[worst[1]], worst[2])
            return _differing(
                len(batch_rows), what, shown, open_cells(batch_rows[worst[1]], schema)
            )
    return _check(
        len(batch_rows),
        "passed",
        f"answers do not depend on the order or the number of rows ({NAME})",
    )


def _regroupings(rows: int) -> list[tuple[str, list[list[int]]]]:
    """Other groupings of the rows: the name of each, and the rows of each call."""
    every = list(range(rows))
    order = np.random.default_rng(0).permutation(rows).tolist()
    parts = [every[start : start + PART] for start in range(0, min(rows, 4 * PART), PART)]
    alone = np.unique(np.linspace(0, rows - 1, min(ALONE, rows)).astype(int)).tolist()
    return [
        (AGAIN, [every]),
        ("the rows in another order", [order]),
        (f"batches of {PART} rows", parts),
        ("each row alone", [[index] for index in alone]),
    ]


def _distance(one: Answer, other: Answer, slack: float) -> float:
    """As ``difference``; 0 for another label whose probabilities are the same."""
    apart = difference(one, other)
    chances = one.get("probabilities")
    if math.isinf(apart) and chances and not isinstance(one["prediction"], list | Mapping):
        own = difference(chances, other.get("probabilities"))
        return own if own <= slack else apart
    return apart


def _differing(rows: int, what: str, shown: Mapping[str, Any], cells: Mapping[str, Any]) -> Check:
    before, after = shown["before"], shown["after"]
    depend = "change from call to call" if what == AGAIN else "depend on the batch"
    row = shown["row"]
    why = f"answers {depend} ({NAME}): row {row} got {before}, and {after} for {what}; {HINT}"
    return _check(rows, "failed", why).model_copy(update={"examples": ({**shown, "cells": cells},)})


def _refusing(rows: int, what: str, word: str) -> Check:
    """Of a model that answers all rows together, and refuses a part of them."""
    why = f"{word} for {what}, and answers all {rows} rows together ({NAME}); {HINT}"
    return _check(rows, "failed", why).model_copy(update={"severity": "warn"})


def _check(rows: int, verdict: Any, why: str) -> Check:
    return Check(
        family="cases",
        name=NAME,
        subject=NAME,
        metric="invariance",
        rows=rows,
        verdict=verdict,
        why=why,
        details={"kind": "invariance"},
    )


def _example(row: int, before: Answer, after: Answer) -> dict[str, Any]:
    one, other = short(before["prediction"]), short(after["prediction"])
    if one == other and "probabilities" in before:
        one, other = short(before["probabilities"]), short(after["probabilities"])
    return {"row": row, "before": one, "after": other}


def _plain(answer: Mapping[str, Any]) -> Answer:
    return {key: value for key, value in answer.items() if key != "flags"}
