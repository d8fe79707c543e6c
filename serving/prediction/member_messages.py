"""What the flow's process of a solution tells the workers of its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.metrics.members import MemberCounts

READY = "ready"
MAX_STATE_TEXT = 200


def read_states(told: Any) -> dict[str, str]:
    """Member → ``ready``, or why it is not; raises ``ValueError`` for another form.

    The process runs the project's code, which may have sent it.
    """
    if not isinstance(told, Mapping) or not all(
        isinstance(name, str) and isinstance(state, str) for name, state in told.items()
    ):
        raise ValueError("expected the states of members")
    return {name: state[:MAX_STATE_TEXT] for name, state in told.items()}


def read_usage(told: Any) -> dict[str, MemberCounts]:
    """Member → its calls in a batch; raises ``ValueError`` for another form."""
    try:
        found = {str(name): MemberCounts(*one) for name, one in told.items()}
        for one in found.values():
            len(one.calls), len(one.rows), len(one.bins)
    except (AttributeError, TypeError) as error:
        raise ValueError("expected the calls of members") from error
    return found
