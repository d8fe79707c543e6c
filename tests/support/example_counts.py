"""How many examples a property test tries that needs more of them than the profile's number."""

from __future__ import annotations

from hypothesis import settings

PROFILE = "quick"
"""Hypothesis' profile of ``make test``, which ``tests/conftest.py`` registers."""
SHARE = 5


def is_quick() -> bool:
    """Whether this run has the profile of ``make test``; known once test modules are imported."""
    return settings.default.max_examples <= settings.get_profile(PROFILE).max_examples


def many(count: int) -> int:
    """``count`` examples in ``make test-long``, in ``make test`` a fifth and at least 10."""
    return max(settings.default.max_examples, count // SHARE) if is_quick() else count
