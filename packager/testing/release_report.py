"""The record of the shares of two releases of a solution in its change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from monitoring.slices.slices import ALL
from monitoring.stats.shapley import contributions, mean_share
from packager.errors import PackageError, UsageError
from packager.image.reference import Reference
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Manifest
from packager.model.answer_difference import agree
from packager.model.predictions import Predictions
from packager.worker.test.attribution_records import PlayerShare
from packager.worker.test.judged_rows import JudgedRows
from packager.worker.test.release_messages import ReleaseResult

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class ChangedMember(FrozenModel):
    """A member whose package changed; version and first digits of the root."""

    name: str
    before: str
    after: str


class ChangeShares(FrozenModel):
    """The shares of a change on the rows of one slice; they add up to it."""

    slice: str
    rows: int
    change: float
    shares: tuple[PlayerShare, ...]
    """Of the changed members, then of the flow (an empty name) if it changed."""


class OwnChange(FrozenModel):
    """Answers of a changed member by itself: its mean loss, on rows that both releases hand it."""

    name: str
    rows: int
    before: float
    after: float
    interval: tuple[float, float] | None
    """95 % of the difference."""


class ReleaseShares(FrozenModel):
    """The members' shares in the change of answers and error between two releases of a solution."""

    before: str
    after: str
    members: tuple[ChangedMember, ...]
    flow: bool
    """Whether the flow is a player, too."""
    rows: int
    answers: str = ""
    """The unit of ``change``: mean absolute change of numbers, or share of rows."""
    change: tuple[ChangeShares, ...] = ()
    """Of the answers; all rows first."""
    loss: str = ""
    labelled: int = 0
    error: tuple[ChangeShares, ...] = ()
    """Of the error, B minus A; empty without labels."""
    own: tuple[OwnChange, ...] = ()
    """Of the changed members whose right answers are known."""
    sentences: tuple[str, ...] = ()
    """Remarks for the report."""


def compared(
    packages: tuple[Reference, Reference],
    members: Sequence[ChangedMember],
    players: Sequence[str],
    predictions: Sequence[Predictions],
    results: Sequence[ReleaseResult],
) -> ReleaseShares:
    """The record from the answers of every coalition of ``players``, by its number.

    Raises ``UsageError`` if the two releases read other rows from the data.
    """
    one, other = results
    rows = len(other.rows.indices)
    if one.rows.indices != other.rows.indices:
        raise UsageError(
            f"expected rows that both releases read, got {len(one.rows.indices)} and {rows}",
            "leave out rows that one of the releases refuses",
        )
    _check(predictions, results, rows)
    manifest = packages[1].manifest
    groups = None if other.rows.groups is None else np.array(other.rows.groups, np.int64)
    masks = {ALL: np.ones(rows, np.bool_)}
    for name, indices in other.rows.masks.items():
        masks[name] = np.isin(np.arange(rows), indices)
    changes = np.array([_changes(predictions[0], answers, manifest) for answers in predictions])
    numbers = manifest.task == "regression"
    record = ReleaseShares(
        before=packages[0].name,
        after=packages[1].name,
        members=tuple(members),
        flow=len(players) > len(members),
        rows=rows,
        answers="mean absolute change" if numbers else "share of changed answers",
        change=_shares(changes, players, masks, groups),
        own=tuple(_own_changes(players, results, groups)),
    )
    losses = _losses(predictions, other, manifest)
    if losses is not None:
        known = np.isfinite(losses).all(axis=0)
        some = {name: mask & known for name, mask in masks.items()}
        update = {
            "loss": "mean absolute error" if numbers else "share of wrong labels",
            "labelled": int(known.sum()),
            "error": _shares(losses, players, some, groups),
        }
        record = record.model_copy(update=update)
    return record.model_copy(update={"sentences": tuple(_sentences(record))})


def _check(predictions: Sequence[Predictions], results: Sequence[ReleaseResult], rows: int) -> None:
    """Raise ``PackageError`` for results of other rows: code of a package may have written them."""
    sizes = {len(one.labels) for one in predictions}
    indices = {part for result in results for own, _ in result.losses.values() for part in own}
    truths = {len(result.rows.truth) for result in results}
    if sizes != {rows} or not indices <= {*range(rows)} or not truths <= {0, rows}:
        raise PackageError("the releases gave results of other rows than they read")


def _changes(first: Predictions, then: Predictions, manifest: Manifest) -> Floats:
    """Distance of the answer to each row from that of the first release."""
    pairs = zip(first.labels, then.labels, strict=True)
    if manifest.task == "regression":
        return np.array([_distance(one, other) for one, other in pairs])
    return np.array([0.0 if agree(one, other) else 1.0 for one, other in pairs])


def _distance(one: float | None, other: float | None) -> float:
    if one is None and other is None:
        return 0.0
    return math.nan if one is None or other is None else abs(other - one)


def _losses(
    predictions: Sequence[Predictions], result: ReleaseResult, manifest: Manifest
) -> Floats | None:
    """The loss of each coalition and row, NaN without a label; None if there are none."""
    truth = result.rows.truth
    known = [row for row, label in enumerate(truth) if label is not None]
    if manifest.task == "outputs" or not known:
        return None
    losses = np.full((len(predictions), len(truth)), math.nan)
    for at, answers in enumerate(predictions):
        right = [truth[row] for row in known]
        judged = JudgedRows(manifest.task, right, answers.at(known), manifest.schema_.classes)
        losses[at, known] = judged.losses
    return losses


def _shares(
    values: Floats,
    players: Sequence[str],
    masks: dict[str, npt.NDArray[np.bool_]],
    groups: Codes | None,
) -> tuple[ChangeShares, ...]:
    known = np.isfinite(values).all(axis=0)
    parts = contributions(np.where(known, values, 0.0))
    return tuple(
        _slice(name, mask & known, values, (parts, players, groups))
        for name, mask in masks.items()
        if (mask & known).any()
    )


def _slice(
    name: str,
    mask: npt.NDArray[np.bool_],
    values: Floats,
    made: tuple[Floats, Sequence[str], Codes | None],
) -> ChangeShares:
    parts, players, groups = made
    own = None if groups is None else groups[mask]
    shares = []
    for at, player in enumerate(players):
        share = mean_share(parts[at, mask], own)
        ends = (share.low, share.high) if math.isfinite(share.low) else None
        shares.append(PlayerShare(name=player, value=share.value, interval=ends))
    change = float((values[-1, mask] - values[0, mask]).mean())
    return ChangeShares(slice=name, rows=int(mask.sum()), change=change, shares=tuple(shares))


def _own_changes(
    players: Sequence[str], results: Sequence[ReleaseResult], groups: Codes | None
) -> Iterator[OwnChange]:
    for name in players:
        if not all(name in result.losses for result in results):
            continue
        first, then = (dict(zip(*result.losses[name], strict=True)) for result in results)
        both = sorted({*first} & {*then})
        if not both:
            continue
        differences = np.array([then[row] - first[row] for row in both])
        share = mean_share(differences, None if groups is None else groups[both])
        yield OwnChange(
            name=name,
            rows=len(both),
            before=float(np.mean([first[row] for row in both])),
            after=float(np.mean([then[row] for row in both])),
            interval=(share.low, share.high) if math.isfinite(share.low) else None,
        )


def _sentences(record: ReleaseShares) -> Iterator[str]:
    """Members that got better by themselves and made the whole worse, beyond chance."""
    shares = {one.name: one for one in record.error[0].shares} if record.error else {}
    for own in record.own:
        share = shares.get(own.name)
        if share is None or share.interval is None or own.interval is None:
            continue
        if own.interval[1] < 0 < share.interval[0]:
            yield (
                f"{own.name} got better by itself (mean loss {own.before:.4g} to {own.after:.4g})"
                f" and made the whole worse ({share.value:+.4g}): what follows it was made for its"
                " earlier answers"
            )
