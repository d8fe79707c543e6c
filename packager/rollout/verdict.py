"""The results of an update's checks, as records and as text lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from packager.worker.test.report import DataTestReport

Outcome = Literal["passed", "failed", "too few", "skipped"]
"""``too few``: the measurements show neither; ``skipped``: there was nothing to compare with."""


QUOTING = ("mirrored rows", "test")
"""Checks whose sentences may quote a cell of a row."""


@dataclass(frozen=True)
class GateCheck:
    """One check of a new version."""

    name: str
    outcome: Outcome
    text: str
    """The result, in a sentence."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """All numbers of the sentence and more, as JSON values."""

    @property
    def line(self) -> str:
        """The finding as a line of text."""
        return f"{self.name}: {self.outcome}: {self.text}"

    @property
    def line_without_cells(self) -> str:
        """The finding as a line that quotes no row, for places that keep it."""
        return f"{self.name}: {self.outcome}" if self.name in QUOTING else self.line


@dataclass(frozen=True)
class GateVerdict:
    """All checks of a new version."""

    checks: tuple[GateCheck, ...]
    accept_too_few: bool = False
    """Whether a check with too few measurements lets the version pass."""
    test: DataTestReport | None = None
    """The report of ``package test``, if the gate ran it to its end."""

    @property
    def passed(self) -> bool:
        """Whether the new version may get the traffic. No check at all is no pass."""
        good = {"passed", "skipped", *(["too few"] if self.accept_too_few else [])}
        return bool(self.checks) and all(check.outcome in good for check in self.checks)

    @property
    def findings(self) -> tuple[str, ...]:
        """A line for each check."""
        return tuple(check.line for check in self.checks)

    @property
    def refusals(self) -> tuple[str, ...]:
        """The lines of the checks that keep the version from passing."""
        bad = ("failed",) if self.accept_too_few else ("failed", "too few")
        return tuple(check.line for check in self.checks if check.outcome in bad)

    @property
    def document(self) -> dict[str, Any]:
        """The verdict with all numbers, as JSON values."""
        checks = [
            {"name": check.name, "outcome": check.outcome, "text": check.text, **check.numbers}
            for check in self.checks
        ]
        return {"passed": self.passed, "accept_too_few": self.accept_too_few, "checks": checks}
