from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labelled_tables import declared, rows

from packager.location import Location


@pytest.fixture
def parts(place: Location, commit: Callable[..., Any]) -> Location:
    """A table of five rows with the scheme ``quality``, keyed by ``id``."""
    commit(rows())
    return declared(place)
