from __future__ import annotations

from typing import Any

from packager.report.table_log import log_text
from packager.tables.records import Version


def version(number: int, **fields: Any) -> Version:
    values = {
        "number": number,
        "milliseconds": 0,
        "operation": "add",
        "message": "m",
        "author": "ann",
    }
    return Version(**(values | {"fingerprint": None} | fields))


def test_the_newest_version_comes_first_and_a_revert_names_its_source() -> None:
    lines = log_text([version(1), version(12, operation="revert", reverted_to=1, message="a\x1bb")])
    assert [line.split() for line in lines.splitlines()] == [
        ["version", "time", "rows", "change", "author", "message"],
        ["12", "1970-01-01", "00:00", "not", "known", "revert", "to", "1", "ann", "a\\x1bb"],
        ["1", "1970-01-01", "00:00", "not", "known", "add", "ann", "m"],
    ]
    assert lines.splitlines()[1].startswith("     12  ")


def test_long_messages_are_whole_and_fold_in_a_terminal() -> None:
    found = [version(1, message="word " * 60)]
    assert log_text(found).splitlines()[1].count("word") == 60
    folded = log_text(found, 80)
    assert all(len(line) <= 80 for line in folded.splitlines())
    assert folded.count("word") == 60
