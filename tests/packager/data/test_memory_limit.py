"""Whether a table fits in memory: the least limit of machine, control group and process."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.data import memory_limit
from packager.data.memory_limit import available_bytes, check_room, refuse_too_wide
from packager.errors import UsageError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Say what the system tells about memory."""
    monkeypatch.setattr(memory_limit, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(memory_limit, "_GROUP", tmp_path)
    monkeypatch.setattr(memory_limit, "_of_process", lambda: memory_limit.UNKNOWN)

    def machine(available: int | None = None, **group: str) -> int:
        if available is not None:
            (tmp_path / "meminfo").write_text(
                f"MemTotal:       99999999 kB\nMemAvailable:   {available} kB\n"
            )
        for name, text in group.items():
            (tmp_path / f"memory.{name}").write_text(text)
        return available_bytes()

    return machine


def test_without_a_known_limit_nothing_is_refused(machine):
    assert machine() == memory_limit.UNKNOWN
    check_room("t.csv", "rows", 1 << 60, "many")


def test_available_memory_is_read_in_kibibytes(machine):
    assert machine(2048) == 2048 << 10


def test_a_control_group_counts_its_file_cache_as_free(machine):
    group = {"max": "1000000\n", "current": "900000\n", "stat": "anon 7\ninactive_file 300000\n"}
    assert machine(1 << 30, **group) == 400_000


def test_a_control_group_beyond_its_limit_has_nothing_left(machine):
    assert machine(max="100", current="900", stat="inactive_file 0") == 0


@pytest.mark.parametrize(
    "group",
    [
        {"max": "max\n", "current": "5", "stat": "inactive_file 1"},
        {"max": "soon", "current": "5", "stat": "inactive_file 1"},
        {"max": "5", "current": "1", "stat": "a line of many words"},
    ],
)
def test_a_group_without_a_limit_or_that_says_nonsense_is_no_limit(machine, group):
    assert machine(4, **group) == 4 << 10


def test_a_limit_of_the_process_counts(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (12_345, resource.RLIM_INFINITY))
    assert available_bytes() == 12_345


def test_what_has_no_room_is_reported_with_its_size_and_what_there_is(machine):
    machine(1000)
    with pytest.raises(UsageError) as caught:
        check_room("t.csv", "rows", 8_000_000_000, "10 rows x 3 columns")
    assert caught.value.message == (
        "t.csv: expected rows to fit in the available memory (0.0 GB), "
        "got 10 rows x 3 columns: at least 8.0 GB"
    )
    check_room("t.csv", "rows", 1000 << 10, "just enough")


def test_a_table_may_have_as_many_columns_as_are_handled_and_no_more():
    refuse_too_wide("t.csv", memory_limit.MAX_COLUMNS)
    with pytest.raises(UsageError, match="at most 65,536 columns, got 65,537"):
        refuse_too_wide("t.csv", memory_limit.MAX_COLUMNS + 1)
