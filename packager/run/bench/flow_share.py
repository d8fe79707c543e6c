"""Shares of a solution's time: of each member, and of the flow; they sum to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FLOW_PARTS = ("own", "crossing", "waiting")


@dataclass(frozen=True)
class MemberShare:
    """The part of one member in the time of the flow, in microseconds a request."""

    member: str
    share: float
    """Of the flow's time (its critical path): the sum of the next three."""
    own_us: float
    """Its model ran, and the flow waited for it."""
    crossing_us: float
    """Its rows and answers were converted and transported."""
    waiting_us: float
    """Its rows waited behind an earlier call, or its answer did not come."""
    overlapped_us: float
    """Its model ran while the flow did something else; not part of the flow's time."""


@dataclass(frozen=True)
class FlowShare:
    """The time of a solution's flow, in microseconds a request."""

    total_us: float
    flow_us: float
    """Time outside of all members: the flow's own code."""
    share: float
    """Of ``flow_us``."""
    members: tuple[MemberShare, ...]


def flow_share(
    members: Mapping[str, Mapping[str, float]], flow: float, requests: int
) -> FlowShare | None:
    """From seconds by member and part, and the flow's own; None if no flow ran."""
    on_path = {name: sum(parts.get(p, 0.0) for p in FLOW_PARTS) for name, parts in members.items()}
    total = flow + sum(on_path.values())
    if total <= 0 or requests < 1:
        return None
    scale = 1e6 / requests
    return FlowShare(
        total_us=scale * total,
        flow_us=scale * flow,
        share=flow / total,
        members=tuple(
            MemberShare(
                name,
                on_path[name] / total,
                *(scale * parts.get(part, 0.0) for part in (*FLOW_PARTS, "overlapped")),
            )
            for name, parts in members.items()
        ),
    )
