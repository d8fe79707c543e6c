"""The checks of the drill: each is printed, recorded for the report, and fails the drill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from open_load import Sent

from drill_parts.load import Load
from drill_parts.printing import phase, say
from drill_parts.tracker import Issue, wait_for


@dataclass(frozen=True)
class Check:
    """One assertion and what was found."""

    phase: str
    name: str
    found: str
    holds: bool
    at: float
    """Seconds since the drill began."""


@dataclass(frozen=True)
class Phase:
    """A span of the drill, for the plots."""

    title: str
    start: float
    end: float


@dataclass
class Record:
    """Everything that the report shows."""

    began: float = field(default_factory=time.monotonic)
    checks: list[Check] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    issues: list[tuple[float, Issue]] = field(default_factory=list)
    """Time and the issue as it was first seen."""
    figures: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    """Every request, when the drill has ended."""

    @property
    def now(self) -> float:
        """Seconds since the drill began."""
        return time.monotonic() - self.began

    def start(self, title: str) -> None:
        """Begin a phase; the earlier one ends."""
        self._end_phase()
        self.phases.append(Phase(title, self.now, self.now))
        phase(f"{self.now:4.0f} s  {title}")

    def finish(self) -> None:
        """End the last phase."""
        self._end_phase()

    def check(self, name: str, holds: bool, found: str, phase: str = "") -> None:
        """Keep and print one assertion, of the current phase or of an earlier one."""
        where = phase or self.phases[-1].title
        self.checks.append(Check(where, name, found, holds, self.now))
        told = f" ({phase})" if phase else ""
        say(f"{'ok  ' if holds else 'FAIL'}  {name}{told}: {found}")

    def see(self, found: Iterable[Issue]) -> None:
        """Keep the issues that are new."""
        known = {issue.number for _, issue in self.issues}
        self.issues += [(self.now, one) for one in found if one.number not in known]

    def none_lost(self, load: Load, since: int) -> None:
        """Assert that every request since number ``since`` got its answer."""
        lost, count = load.lost(since), load.count - since
        self.check("requests without an answer", not lost, f"{len(lost)} of {count}{_why(lost)}")

    @property
    def failed(self) -> list[Check]:
        """The checks that don't hold."""
        return [one for one in self.checks if not one.holds]

    def _end_phase(self) -> None:
        if self.phases:
            last = self.phases[-1]
            self.phases[-1] = Phase(last.title, last.start, self.now)


class LaterCheck:
    """An assertion about the current phase that is waited for while other phases go on."""

    def __init__(
        self, record: Record, name: str, condition: Callable[[list[Issue]], bool], seconds: float
    ) -> None:
        self._record, self._name, self._phase = record, name, record.phases[-1].title
        self._took: float | None = None
        self._waits = threading.Thread(target=self._wait, args=(condition, seconds))
        self._waits.start()

    def _wait(self, condition: Callable[[list[Issue]], bool], seconds: float) -> None:
        self._took = wait_for(condition, seconds)

    def settle(self) -> None:
        """Wait for it, and keep what was found."""
        self._waits.join()
        found = seconds_text(self._took)
        self._record.check(self._name, self._took is not None, found, self._phase)


def _why(lost: list[Sent]) -> str:
    kinds = sorted({one.error or f"status {one.status}" for one in lost})
    return f" ({'; '.join(kinds[:3])})" if kinds else ""


def causes(found: Iterable[Issue]) -> int:
    """Number of lines of the list: issues of one cause are one line."""
    return len({("cause", one.cause) if one.cause else ("issue", one.number) for one in found})


def seconds_text(took: float | None) -> str:
    """The duration of a wait, in words."""
    return "not within its bound" if took is None else f"after {took:.0f} s"
