"""The metadata of commits, by this program and by others."""

import pytest
from written_logs import read_everything, set_commit_info

from packager.errors import PackageError
from packager.report.table_log import log_text
from packager.tables.delta import VersionedTable

JUNK = [
    ("package.message", 5),
    ("package.author", {"a": 1}),
    ("package.fingerprint", "{"),
    ("package.fingerprint", 7),
    ("package.derived", '{"parents":5}'),
    ("package.derived", "[" * 100_000),
    ("package.reverted_to", "x"),
    ("package.labels", "{"),
    ("package.labels", '{"file":"../../x.parquet","sha256":"","count":-1}'),
]


@pytest.mark.parametrize(("name", "value"), JUNK)
def test_facts_of_a_commit_of_another_type_are_reported(table, tmp_path, name, value):
    set_commit_info(table, **{name: value})
    with pytest.raises(
        PackageError, match="version 0: expected this program's commit metadata"
    ) as raised:
        read_everything(table, tmp_path)
    assert len(raised.value.message) < 300


@pytest.mark.parametrize("when", [10**18, -(10**18)])
def test_a_time_beyond_the_calendar_is_shown_as_it_is(table, tmp_path, when):
    set_commit_info(table, timestamp=when)
    read_everything(table, tmp_path)
    assert f"{when} ms" in log_text(VersionedTable.open(table).versions)
