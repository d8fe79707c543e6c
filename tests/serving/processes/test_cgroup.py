"""The control group's memory events, in version 1 and 2, or None if unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.processes.cgroup import MAX_LIMIT, MemoryEvents


@pytest.fixture
def group(tmp_path: Path):
    """Write the files of a control group; what is read of them."""

    def group(own: str, **files: str) -> MemoryEvents:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "root" / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return MemoryEvents.read(tmp_path / "root", tmp_path / "own")

    return group


def test_version_2_is_read_from_the_groups_own_folder(group):
    found = group(
        "0::/a/b\n",
        a__b__memory_dot_events="low 0\noom_kill 3\n",
        a__b__memory_dot_max="1048576\n",
        memory_dot_events="oom_kill 9\n",
    )
    assert found == MemoryEvents(3, 1 << 20)


def test_in_a_container_the_folder_is_the_root(group):
    found = group("0::/not/here\n", memory_dot_events="oom_kill 1\n", memory_dot_max="max\n")
    assert found == MemoryEvents(1, None)


def test_version_1_is_read_from_the_controller_of_memory(group):
    found = group(
        "5:cpu:/x\n4:memory,hugetlb:/x\n",
        memory__x__memory_dot_oom_control="oom_kill_disable 0\noom_kill 2\n",
        memory__x__memory_dot_limit_in_bytes=str(MAX_LIMIT),
    )
    assert found == MemoryEvents(2, None)


@pytest.mark.parametrize("events", ["oom 1\n", "oom_kill many\n", "a line of words\n"])
def test_where_nothing_is_reported_nothing_is_claimed(group, events):
    assert group("0::/\n", memory_dot_events=events) == MemoryEvents(None, None)


def test_without_control_groups_nothing_is_reported(tmp_path: Path):
    assert MemoryEvents.read(tmp_path / "gone", tmp_path / "gone") == MemoryEvents(None, None)
