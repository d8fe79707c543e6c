"""Cases of a parametrized test that ``make test`` leaves out."""

from __future__ import annotations

from typing import Any

import pytest


def long(*cases: Any) -> list[Any]:
    """``cases``, each marked ``long``: variations beside those of one kind that stay."""
    values = (case if isinstance(case, tuple) else (case,) for case in cases)
    return [pytest.param(*one, marks=pytest.mark.long) for one in values]
