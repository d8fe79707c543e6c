"""The faults that the drill injects, each with the issue that it should open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drill_parts.images import CLOCK_FILE
from drill_parts.load import Load
from drill_parts.programs import compose, docker
from drill_parts.rows import SLICE, in_other_unit, relabelled
from drill_parts.stack import ALERTMANAGER, in_replica, kill, replicas, wait_until_ready
from drill_parts.tracker import Issue

BOUND_SECONDS = 120.0


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and how it ends."""

    title: str
    inject: Callable[[], None]
    heal: Callable[[], None]
    expected: tuple[str, ...]
    """Beginnings of kind and subject of issues that must open; empty: none may."""
    allowed: tuple[str, ...] = ()
    """Beginnings of other issues of the same cause."""
    bound_seconds: float = BOUND_SECONDS
    heals: bool = True
    """Whether its issues end after ``heal``, within the same bound."""

    def unexpected(self, found: list[Issue]) -> list[Issue]:
        """The issues that this fault doesn't explain."""
        known = (*self.expected, *self.allowed)
        return [one for one in found if not one.name.startswith(known)]

    def without_issues_of(self, earlier: Fault, found: list[Issue]) -> list[Issue]:
        """The issues that this fault explains or the earlier one doesn't."""
        late = earlier.unexpected(found)
        return [one for one in found if one in late or one not in self.unexpected(found)]

    def opened(self, found: list[Issue]) -> bool:
        """Whether all that is expected is open and firing."""
        names = [one.name for one in found if one.is_open and one.firing]
        return all(any(name.startswith(one) for name in names) for one in self.expected)


def unit_change(load: Load) -> Fault:
    """A sender gives the weight in another unit."""

    def inject() -> None:
        load.change = in_other_unit

    def heal() -> None:
        load.change = None

    return Fault(
        "one input in another unit",
        inject,
        heal,
        expected=("FeatureDrift feature=carat",),
        allowed=("AnomalyRate feature=carat", "FeatureDrift ", "EstimatedAccuracyDrop "),
    )


def wrong_slice(load: Load) -> Fault:
    """The right answers of one slice change; only a new version mends it."""

    def inject() -> None:
        load.relabel = relabelled

    return Fault(
        "the right answers of one slice change",
        inject,
        _nothing,
        expected=(f"SliceRegression slice={SLICE}",),
        allowed=("SliceRegression ",),
        heals=False,
    )


def killed_replica() -> Fault:
    """A replica is gone at once; the engine starts it again."""

    def inject() -> None:
        kill(replicas()[0])

    return Fault("a replica is killed", inject, _nothing, expected=(), allowed=("TargetDown ",))


def paused_replica() -> Fault:
    """A replica hangs: it neither answers nor ends."""
    paused: list[str] = []

    def inject() -> None:
        paused.append(replicas()[0])
        docker("pause", paused[0])

    def heal() -> None:
        docker("unpause", paused[0])

    return Fault(
        "a replica hangs",
        inject,
        heal,
        expected=("TargetDown instance=",),
        allowed=("RequestsSlow ",),
    )


def stopped_alertmanager() -> Fault:
    """Alertmanager is away; what was open stays open."""

    def inject() -> None:
        compose("stop", "alertmanager")

    def heal() -> None:
        compose("start", "alertmanager")
        wait_until_ready(f"{ALERTMANAGER}/-/ready")

    return Fault("Alertmanager is away", inject, heal, expected=(), allowed=("AlertmanagerDown ",))


def stopped_redis() -> Fault:
    """The store of labels is away: labels are refused until it is back, predictions are not."""

    def inject() -> None:
        compose("stop", "redis")

    def heal() -> None:
        compose("start", "redis")

    return Fault("Redis is away", inject, heal, expected=())


def moved_clock() -> Fault:
    """The clock of a replica jumps two hours forward, and back."""

    def inject() -> None:
        in_replica(replicas()[0], f"open({CLOCK_FILE!r}, 'w').write('+2h')")

    def heal() -> None:
        in_replica(replicas()[0], f"open({CLOCK_FILE!r}, 'w').write('+0')")

    return Fault("a replica's clock is two hours ahead", inject, heal, expected=())


def _nothing() -> None:
    """For a fault that ends by itself, or by a new version only."""
