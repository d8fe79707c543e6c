"""The request for an update, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from packager.errors import UsageError
from packager.rollout.canary import CanaryRule
from packager.rollout.latency import LatencyBound
from packager.rollout.verdict import GateCheck, GateVerdict

MAX_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class UpdateRequest:
    """The options of an update; they are in its journal."""

    reference: str
    """Name of the package; a path is absolute."""
    image: str = ""
    """As the engine finds it; empty: as the package is named."""
    data: str = ""
    """Rows to mirror and to test on; empty: made-up rows, and no test."""
    shadow: bool = False
    """Whether the new version is sent the rows of all requests …"""
    shadow_minutes: float = 60.0
    """… at most so long, in minutes."""
    canary: float = 0.0
    """Share of the requests that the new version gets first; 0: none."""
    canary_minutes: float = 5.0
    no_gate: str = ""
    """Why the gate is left out; empty: it is not."""
    accept_too_few: bool = False
    ready_seconds: float = 120.0
    gate_seconds: float = 60.0
    latency_ratio: float = LatencyBound().ratio
    latency_slack: float = LatencyBound().slack_seconds
    key_file: str = ""

    def __post_init__(self) -> None:
        expected = {
            "shadow-minutes": (
                0 < self.shadow_minutes <= MAX_MINUTES,
                f"minutes above 0, at most {MAX_MINUTES}",
            ),
            "canary": (0 <= self.canary < 1, "a share of at least 0, below 1"),
            "canary-minutes": (
                0 < self.canary_minutes <= MAX_MINUTES,
                f"minutes above 0, at most {MAX_MINUTES}",
            ),
            "ready-seconds": (0 < self.ready_seconds < 1e5, "seconds above 0"),
            "gate-seconds": (0 < self.gate_seconds < 1e5, "seconds above 0"),
            "latency-ratio": (1 <= self.latency_ratio < 1e6, "a number of at least 1"),
            "latency-slack": (0 <= self.latency_slack < 1e5, "seconds of at least 0"),
        }
        for name, (good, what) in expected.items():
            if not good:
                got = getattr(self, name.replace("-", "_"))
                raise UsageError(f"--{name}: expected {what}, got {got:g}")

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> UpdateRequest:
        """The request that ``asdict`` made a mapping of."""
        return cls(**known)

    @property
    def document(self) -> dict[str, Any]:
        """The options as JSON values."""
        return asdict(self)

    @property
    def latency(self) -> LatencyBound:
        """The bound of the new version's latency."""
        return LatencyBound(self.latency_ratio, self.latency_slack)

    @property
    def rule(self) -> CanaryRule:
        """The test of the canary."""
        return CanaryRule()


@dataclass(frozen=True)
class UpdateResult:
    """The result of an update."""

    model: str
    before: str
    version: str
    done: bool
    """Whether the new version serves; else everything is as it was."""
    gate: GateVerdict | None = None
    """None if it was left out."""
    canary: GateCheck | None = None
    """None without one."""
    seconds: float = 0.0
    labels: GateCheck | None = None
    """Labels of both versions during the canary; None without one."""
    rolling: GateCheck | None = None
    """The rolling update of a Swarm; None elsewhere, and where it didn't begin."""
    shadow: GateCheck | None = None
    """The verdict on live rows; None without a shadow."""

    @property
    def checks(self) -> tuple[GateCheck, ...]:
        """All of them, in their order."""
        return (
            *(self.gate.checks if self.gate else ()),
            *((self.shadow,) if self.shadow else ()),
            *((self.canary,) if self.canary else ()),
            *((self.labels,) if self.labels else ()),
            *((self.rolling,) if self.rolling else ()),
        )

    @property
    def document(self) -> dict[str, Any]:
        """All numbers, as JSON values."""
        return {
            "model": self.model,
            "before": self.before,
            "version": self.version,
            "done": self.done,
            "gate": None if self.gate is None else self.gate.document,
            "shadow": _gate_json(self.shadow),
            "canary": _gate_json(self.canary),
            "labels": _gate_json(self.labels),
            "rolling": _gate_json(self.rolling),
            "seconds": round(self.seconds, 1),
        }


def _gate_json(check: GateCheck | None) -> dict[str, Any] | None:
    return None if check is None else {**asdict(check), "numbers": dict(check.numbers)}
