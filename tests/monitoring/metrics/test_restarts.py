"""Restarts of processes are counted in separate files, which are recreated if they are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.exposition.mmap_file import entries, read_words
from monitoring.metrics.restarts import PROCESSES, REASONS, RESTARTS, STATES, RestartCounts

COUNTERS, GAUGES = "counter_supervisor.db", "gauge_max_supervisor.db"


def told(folder: Path, file: str = COUNTERS) -> dict[str, float]:
    """Key → value, as a scrape reads them."""
    path = folder / file
    words = read_words(path)
    return {
        key.decode(): float(words.view("float64")[place]) for key, place in entries(path, words)
    }


def test_every_reason_and_state_is_there_at_0_from_the_start(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    assert (counts.total(), counts.total("process")) == (0, 0)
    keys = told(tmp_path)
    for name, _ in RESTARTS.values():
        assert sum(f'"{name}_total"' in key and '"model": "m"' in key for key in keys) == 4
    assert len(keys) == 2 * len(REASONS)
    states = told(tmp_path, GAUGES)
    assert len(states) == len(STATES)
    assert all(f'"{PROCESSES}"' in key for key in states)
    assert set(states.values()) == {0.0}


def test_a_restart_counts_for_its_reason_once(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    for reason in ("memory", "memory", "hang"):
        counts.add(reason)
    assert counts.total() == 3
    with pytest.raises(KeyError):
        counts.add("boredom")


def test_workers_and_model_processes_are_counted_apart(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    counts.add("signal")
    counts.add("signal", "process")
    counts.add("exit", "process")
    assert (counts.total(), counts.total("process")) == (1, 2)
    values = {key: value for key, value in told(tmp_path).items() if value}
    assert sorted(values.values()) == [1.0, 1.0, 1.0]
    assert sum("model_process_restarts_total" in key for key in values) == 2


def test_states_that_are_not_named_have_no_process(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m", "1")
    counts.set_states({"ready": 1, "ended": 2})
    counts.set_states({"ready": 3})
    values = {key: value for key, value in told(tmp_path, GAUGES).items() if value}
    ((key, value),) = values.items()
    assert ('"state": "ready"' in key, value) == (True, 3.0)


def test_a_file_that_was_deleted_is_made_again_with_its_counts(tmp_path: Path):
    counts = RestartCounts(tmp_path, "m\ud800", "1")
    counts.add("exit")
    for name in (COUNTERS, GAUGES):
        (tmp_path / name).unlink()
    counts.repair()
    assert counts.total() == 1
    assert len(told(tmp_path)) == 2 * len(REASONS)
    assert len(told(tmp_path, GAUGES)) == len(STATES)


def test_a_supervisor_that_starts_again_counts_on(tmp_path: Path):
    RestartCounts(tmp_path, "m", "1").add("exit")
    assert RestartCounts(tmp_path, "m", "1").total() == 1
