"""Messages about members from the flow's process of a solution to the workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.metrics.members import MemberCounts

READY = "ready"
MAX_STATE_TEXT = 200


def read_states(states: Any) -> dict[str, str]:
    """Member → ``ready``, or why it is not; raises ``ValueError`` for another form.

    The process runs the project's code, which may have sent it.
    """
    if not isinstance(states, Mapping) or not all(
        isinstance(name, str) and isinstance(state, str) for name, state in states.items()
    ):
        raise ValueError("expected the states of members")
    return {name: state[:MAX_STATE_TEXT] for name, state in states.items()}


def read_usage(usage: Any) -> dict[str, MemberCounts]:
    """Member → its calls in a batch; raises ``ValueError`` for another form."""
    try:
        counts = {str(name): MemberCounts(*one) for name, one in usage.items()}
        for one in counts.values():
            len(one.calls), len(one.rows), len(one.bins)
    except (AttributeError, TypeError) as error:
        raise ValueError("expected the calls of members") from error
    return counts
