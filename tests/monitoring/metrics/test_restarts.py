"""Restarts of workers are counted in a separate file, which is recreated if it is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.exposition.mmap_file import entries, read_words
from monitoring.metrics.restarts import NAME, REASONS, RestartCounts


def told(folder: Path) -> list[str]:
    path = folder / "counter_supervisor.db"
    return [key.decode() for key, _ in entries(path, read_words(path))]


def test_every_reason_is_there_at_0_from_the_start(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    assert counts.total() == 0
    keys = told(tmp_path)
    assert len(keys) == len(REASONS)
    assert all(NAME in key and '"model": "m"' in key for key in keys)


def test_a_restart_counts_for_its_reason_once(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    for reason in ("memory", "memory", "hang"):
        counts.add(reason)
    assert counts.total() == 3
    with pytest.raises(KeyError):
        counts.add("boredom")


def test_a_file_that_was_deleted_is_made_again_with_its_counts(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m\ud800", "1")
    counts.add("exit")
    (tmp_path / "counter_supervisor.db").unlink()
    counts.repair()
    assert counts.total() == 1
    assert len(told(tmp_path)) == len(REASONS)


def test_a_supervisor_that_starts_again_counts_on(tmp_path: Path):
    RestartCounts(tmp_path, "m", "1").add("exit")
    assert RestartCounts(tmp_path, "m", "1").total() == 1
