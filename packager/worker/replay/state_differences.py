"""Differences between the states of two models (:mod:`modelhost.state`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from modelhost.state import Leaf

MAX_SHOWN = 10


def differences(
    recorded: Mapping[str, Leaf], now: Mapping[str, Leaf], *, ignored: bool = False
) -> tuple[str, ...]:
    """The first parts that differ, such as ``.coef_: largest difference 2.2e-16``.

    ``ignored``: only parts that don't belong to the state, instead of only those that do.
    """
    paths = [p for p in dict.fromkeys((*recorded, *now)) if _counts(p, recorded, now) != ignored]
    differing = [p for p in paths if _digest(recorded.get(p)) != _digest(now.get(p))]
    return first(
        [f"{path}: {_difference(recorded.get(path), now.get(path))}" for path in differing]
    )


def first(elements: Sequence[str]) -> tuple[str, ...]:
    """At most ``MAX_SHOWN`` elements, followed by the number of the others if there are any."""
    if len(elements) > MAX_SHOWN:
        return (*elements[:MAX_SHOWN], f"and {len(elements) - MAX_SHOWN} more")
    return tuple(elements)


def _counts(path: str, recorded: Mapping[str, Leaf], now: Mapping[str, Leaf]) -> bool:
    return all(side[path].counts for side in (recorded, now) if path in side)


def _digest(leaf: Leaf | None) -> str | None:
    return None if leaf is None else leaf.digest


def _difference(one: Leaf | None, other: Leaf | None) -> str:
    if one is None or other is None:
        return "only in the new model" if one is None else "only in the recorded model"
    if one.numbers is not None and other.numbers is not None:
        if one.numbers.shape != other.numbers.shape:
            return f"shape {one.numbers.shape}, now {other.numbers.shape}"
        gaps = np.abs(one.numbers - other.numbers)
        gaps = gaps[np.isfinite(gaps)]
        largest = float(gaps.max()) if gaps.size else 0.0
        return f"largest difference {largest:.3g}" if largest else "other type or missing values"
    return f"{one.shown}, now {other.shown}"
