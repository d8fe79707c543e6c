"""A job and a manifest have the fields of [data]."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.manifest.data_roles import DataRoles, Split
from packager.manifest.manifest import DataSource
from packager.worker.job import Job


@pytest.mark.parametrize("record", [Job, DataSource])
def test_every_role_is_a_field_of_the_records_that_hold_them(record):
    assert DataRoles.model_fields.keys() <= record.model_fields.keys()


def test_roles_are_fields_and_not_their_dump():
    split = Split(start="2024-05-01", time="day")
    roles = DataRoles(target="y", split=split).roles()
    assert roles["split"] is split
    assert DataRoles(**roles) == DataRoles(target="y", split=split)


def test_a_split_is_written_with_from_and_read_back():
    split = Split(start="2024-05-01", time="day")
    written = split.model_dump(by_alias=True)
    assert written["from"] == "2024-05-01"
    assert Split.model_validate(written) == split


def test_an_unknown_field_of_a_split_is_refused():
    with pytest.raises(ValidationError):
        Split.model_validate({"test": 0.2, "tset": 0.3})
