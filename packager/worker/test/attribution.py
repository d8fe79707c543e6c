"""The members' shares in a solution's error: Shapley shares over known right answers.

A member is replaced by its right answers, for every set of members, and the loss of each row is
measured (:mod:`monitoring.stats.shapley`). What is left with all members right is the rest: the
flow, the data, and members without a right answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices.slices import ALL
from monitoring.stats.shapley import coalitions, contributions, mean_share
from packager.errors import PackageError, UsageError
from packager.manifest.base import Scalar
from packager.model.hosted_model import HostedModel
from packager.model.predictions import Predictions, scalars
from packager.text import counted
from packager.worker.test.attribution_examples import Effects, row_effects
from packager.worker.test.attribution_records import (
    Attribution,
    Loss,
    PlayerShare,
    SliceAttribution,
)
from packager.worker.test.hosted_study import HostedStudy, ReceivedRows, StudiedMember
from packager.worker.test.judged_rows import JudgedData, JudgedRows
from packager.worker.test.member_figures import member_figures
from packager.worker.test.repeated_answers import first_difference

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
MAX_ROWS = 20_000
"""Rows that are studied: each is predicted up to 256 times."""
TWICE = "called more than once for a row"
"""Each of these calls has a right answer of its own, and the data name one."""
CONFIDENCE = (
    "the flow asks a member about rows of which another one is not sure: right labels are as sure"
    " as the wrong ones"
)


@dataclass(frozen=True)
class AttributedRows:
    """Labelled rows of a solution, n of them."""

    features: pd.DataFrame
    as_read: pd.DataFrame
    """Columns with right answers of members, among others."""
    judge: Callable[[Predictions], JudgedData]
    """The answers to the rows beside the right ones."""
    masks: Mapping[str, Mask]
    """Declared slice → mask, shape (n,)."""
    indices: Codes
    """The position of each row in the data, shape (n,)."""
    shown: Callable[[int], Mapping[str, Any]]
    """The cells of a row, by its place among the n, that may be shown."""
    target: str | None = None
    """The column with the right answers of the solution."""
    hidden: Collection[str] = ()
    """Columns whose values may not be shown, nor answers that are meant to be equal to them."""


@dataclass(frozen=True)
class _Runs:
    """The results of the runs of a study."""

    players: tuple[str, ...]
    losses: Floats
    """Of each coalition and row, shape (2**k, n); NaN where a row has no loss."""
    base: JudgedData
    """With the answers of all members."""


class _RepeatedCallsError(Exception):
    """In one of the runs, a member was called more than once for a row."""


def chosen_rows(rows: int) -> Mask:
    """At most ``MAX_ROWS`` of ``rows`` rows, evenly: shape (n,)."""
    mask = np.zeros(rows, np.bool_)
    mask[np.unique(np.linspace(0, rows - 1, min(rows, MAX_ROWS)).astype(np.int64))] = True
    return mask


def attribute(
    model: HostedModel, rows: AttributedRows, expected: Predictions, *, strict: bool = False
) -> Attribution:
    """The shares of the members of ``model``, a solution, in its error on ``rows``.

    ``expected``: its answers to them. ``Attribution.not_attributed`` says why there are none. Raise
    ``PackageError`` for right answers that a member can't give, and, if ``strict``, ``UsageError``
    for a ``truth`` that is no column.
    """
    study = HostedStudy(model, rows.features, {})
    truth, left_out = _truths(study.members.values(), rows.as_read)
    named = [member.spec for member in study.members.values() if member.spec.truth is not None]
    for spec in named if strict else ():
        if spec.truth not in rows.as_read.columns:
            raise UsageError(
                f"[[member]] {spec.name}: `truth`: expected a column of the data, got"
                f" {spec.truth!r}",
                f"the columns are {', '.join(map(repr, list(rows.as_read.columns)[:20]))}",
            )
    study = HostedStudy(model, rows.features, truth)
    try:
        answers = study.run(received=True)
    except PackageError as error:
        return Attribution(rows=len(rows.features), not_attributed=error.message)
    received = study.received
    left_out |= {name: TWICE for name in truth if name in study.repeated}
    figures = member_figures(study.members, received, truth, left_out, rows.judge(answers).groups)
    attribution = Attribution(rows=len(rows.features), members=figures)
    if first_difference(expected, answers) is not None:
        why = "the flow's answers depend on the labels of the index of `rows`"
        return attribution.model_copy(update={"not_attributed": why})
    if not truth:
        why = "no member has a right answer: name its column by `truth` under [[member]]"
        return attribution.model_copy(update={"not_attributed": why})
    return _shares_of_single_calls(model, study, rows, truth, attribution)


def _shares_of_single_calls(
    model: HostedModel,
    study: HostedStudy,
    rows: AttributedRows,
    truth: Mapping[str, Sequence[Scalar | None]],
    attribution: Attribution,
) -> Attribution:
    """``attribution`` with the shares of the members that no run calls more than once for a row.

    ``study``: of ``truth``, after the run with all answers of the members.
    """
    received = study.received
    while True:
        twice = [name for name in truth if name in study.repeated]
        if not twice:
            try:
                return _attributed(study, rows, truth, attribution, received)
            except _RepeatedCallsError:
                continue
        notes = [f"member {name} is {TWICE}: its share is not known" for name in twice]
        attribution = attribution.model_copy(update={"notes": (*attribution.notes, *notes)})
        truth = {name: right for name, right in truth.items() if name not in twice}
        if not truth:
            why = "; ".join(attribution.notes)
            return attribution.model_copy(update={"not_attributed": why, "notes": ()})
        study = HostedStudy(model, rows.features, truth)


def _attributed(
    study: HostedStudy,
    rows: AttributedRows,
    truth: Mapping[str, Sequence[Scalar | None]],
    attribution: Attribution,
    received: Sequence[ReceivedRows],
) -> Attribution:
    """``attribution`` with shares; raises ``_RepeatedCallsError``."""
    try:
        runs = _runs(study, tuple(truth), rows.judge)
    except PackageError as error:
        return attribution.model_copy(update={"not_attributed": error.message})
    if runs is None:
        return attribution.model_copy(
            update={"not_attributed": "its answers have no loss of a row"}
        )
    known = np.isfinite(runs.losses).all(axis=0)
    if not known.any():
        return attribution.model_copy(update={"not_attributed": "no row has a number in all runs"})
    notes: tuple[str, ...] = (CONFIDENCE,) if study.by_confidence else ()
    if not known.all():
        without = counted(int((~known).sum()), "row")
        notes += (f"{without} without a number in one of the runs left out of the shares",)
    parts = -contributions(runs.losses[:, known])
    names = {name: mask[known] for name, mask in rows.masks.items() if name != ALL}
    every = {ALL: np.ones(int(known.sum()), np.bool_)}
    own = None if runs.base.groups is None else runs.base.groups[known]
    slices = tuple(
        _slice(name, mask, runs, (parts, runs.losses[:, known], own))
        for name, mask in (every | names).items()
        if mask.any()
    )
    columns = {"": rows.target} | {name: study.members[name].spec.truth for name in runs.players}
    hidden = [name for name, column in columns.items() if column in rows.hidden]
    some = np.flatnonzero(known)
    effects = Effects(runs.players, parts, some, runs.base, received, hidden)
    return attribution.model_copy(
        update={
            "loss": _loss(runs.base),
            "slices": slices,
            "examples": row_effects(effects, truth, rows.indices, rows.shown),
            "notes": (*attribution.notes, *notes),
        }
    )


def _truths(
    members: Iterable[StudiedMember], rows: pd.DataFrame
) -> tuple[dict[str, list[Scalar | None]], dict[str, str]]:
    """The right answers of members by their name, and why others have none."""
    truths: dict[str, list[Scalar | None]] = {}
    left_out: dict[str, str] = {}
    for member in members:
        spec = member.spec
        if spec.truth is None:
            left_out[spec.name] = "no `truth` is named"
        elif spec.truth not in rows.columns:
            left_out[spec.name] = f"the data have no column {spec.truth!r}"
        elif spec.task not in ("classification", "regression"):
            left_out[spec.name] = "its answers are not one label or number"
        elif rows[spec.truth].isna().all():
            left_out[spec.name] = f"column {spec.truth!r} is empty"
        else:
            truths[spec.name] = scalars(rows[spec.truth])
    return truths, left_out


def _runs(
    study: HostedStudy, players: tuple[str, ...], judge: Callable[[Predictions], JudgedData]
) -> _Runs | None:
    """Run every coalition of right members; None if the answers have no loss.

    Raises ``_RepeatedCallsError``.
    """
    losses, base = [], None
    for inside in coalitions(len(players)):
        judged = judge(study.run([players[at] for at in inside]))
        if study.repeated & {*players}:
            raise _RepeatedCallsError
        base = judged if base is None else base
        if judged.losses is None:
            return None
        losses.append(judged.losses)
    assert base is not None
    return _Runs(players, np.array(losses, np.float64), base)


def _slice(
    name: str, mask: Mask, runs: _Runs, measured: tuple[Floats, Floats, Codes | None]
) -> SliceAttribution:
    """The shares of the rows of ``mask``."""
    parts, losses, groups = measured
    own = None if groups is None else groups[mask]
    return SliceAttribution(
        slice=name,
        rows=int(mask.sum()),
        error=float(losses[0, mask].mean()),
        shares=tuple(
            share_of(player, parts[at, mask], own) for at, player in enumerate(runs.players)
        ),
        rest=share_of("", losses[-1, mask], own),
    )


def share_of(name: str, contribution: Floats, groups: Codes | None) -> PlayerShare:
    """The record of a share from its contributions, shape (n,)."""
    share = mean_share(contribution, groups)
    known = math.isfinite(share.low)
    return PlayerShare(
        name=name, value=share.value, interval=(share.low, share.high) if known else None
    )


def _loss(judged: JudgedData) -> Loss:
    if not isinstance(judged, JudgedRows):
        return "mean loss"
    return "share of wrong labels" if judged.task == "classification" else "mean absolute error"
