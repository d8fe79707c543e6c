from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labelled_tables import declared, labelled, rows

from packager.location import Location


@pytest.fixture
def parts(place: Location, commit: Callable[..., Any]) -> Location:
    """A table of five rows with labels of the scheme ``quality``, keyed by ``id``; version 3."""
    commit(rows())
    labelled(declared(place))
    return place
