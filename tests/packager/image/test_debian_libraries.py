from __future__ import annotations

import datetime as dt
import json

import pytest
from pydantic import ValidationError

from packager.image.debian_libraries import DebianLibraries, debian_libraries

TABLE = {"checked": "2026-11-28", "release": "bookworm", "packages": {"libGL.so.1": "libgl1"}}


def test_the_table_is_installed_and_says_when_it_was_checked() -> None:
    table = debian_libraries()
    assert dt.date(2026, 1, 1) <= table.checked <= dt.datetime.now(dt.UTC).date()
    assert table.release == "bookworm"
    assert table.packages["libGL.so.1"] == "libgl1"
    assert list(table.packages) == sorted(table.packages)


@pytest.mark.parametrize(
    "change",
    [
        {"checked": "soon"},
        {"checked": None},
        {"packages": {"GL": "libgl1"}},
        {"packages": {"libGL.so.1": "--force-yes"}},
    ],
)
def test_a_table_without_a_date_or_with_other_names_is_refused(change: dict[str, object]) -> None:
    DebianLibraries.model_validate_json(json.dumps(TABLE))
    with pytest.raises(ValidationError):
        DebianLibraries.model_validate_json(json.dumps(TABLE | change))
