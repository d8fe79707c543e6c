"""A table to derive from, the steps, and the location of the derived table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from derived_tables import STEPS
from foreign_tables import made

from packager.location import Location


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A project whose module ``steps`` has the steps of ``STEPS``."""
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "helpers.py").write_text("FACTOR = 1\n")
    return tmp_path


@pytest.fixture
def raw(tmp_path: Path, commit: Callable[..., Any], frame: pd.DataFrame) -> Location:
    """A table with the rows of ``frame``."""
    location = Location(str(tmp_path / "raw"))
    commit(frame, location=location)
    return location


@pytest.fixture
def clean(tmp_path: Path) -> Location:
    """Where a table that is not there yet is to be derived."""
    return Location(str(tmp_path / "clean"))


@pytest.fixture
def table(place: Location) -> Location:
    """A table of three rows that another program wrote."""
    made(place, {"id": [1, 2, 3], "s": ["a", "b", None]})
    return place
