"""The parts of a server: its socket, and the workers that share it."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from host_samples import MANIFEST

from packager.errors import UsageError
from serving.feedback.stores import KEY_DESCRIPTOR
from serving.processes.children import (
    METRICS,
    children_of,
    listen_on,
    locked_folder,
    metrics_folder,
)
from serving.processes.shared_descriptors import FAILURE, STACKS, TABLE
from serving.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    return tmp_path


def workers(**environment: str):
    return children_of(Settings.from_environment(environment), MANIFEST, 10, 11)


def test_there_are_as_many_workers_as_are_requested_or_as_the_package_says(home):
    assert len(workers()) == MANIFEST.serve.workers
    assert [child.name for child in workers(MODEL_WORKERS="3")] == [
        "worker 1",
        "worker 2",
        "worker 3",
    ]


def test_a_worker_finds_what_it_shares_and_inherits_no_more(home, monkeypatch):
    monkeypatch.setenv(KEY_DESCRIPTOR, "12")
    (child, *_) = workers(MODEL_WORKERS="1")
    told = child.environment
    assert told[TABLE] == "11"
    assert told[METRICS] == str(metrics_folder())
    own = [int(told[FAILURE]), int(told[STACKS])]
    assert sorted(child.descriptors) == sorted([10, 11, 12, *own])
    assert "--fd" in child.command


def test_counts_of_a_server_that_was_here_before_are_gone(home):
    metrics_folder().mkdir(parents=True)
    (metrics_folder() / "counter_1.db").write_text("old")
    workers(MODEL_WORKERS="1")
    assert list(metrics_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_the_socket_listens_in_the_family_of_its_address(host, family):
    with listen_on(host, 0) as listening:
        assert listening.family == family
        assert listening.getsockname()[1] > 0


def test_an_address_that_cannot_be_had_is_named():
    with (
        listen_on("127.0.0.1", 0) as taken,
        pytest.raises(UsageError, match="expected an address to listen on, got Address already"),
        listen_on("127.0.0.1", taken.getsockname()[1]),
    ):
        pass
    with pytest.raises(UsageError, match=r"192\.0\.2\.1, port 0"), listen_on("192.0.2.1", 0):
        pass


@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock here")
def test_a_folder_in_use_is_locked_and_free_afterwards(tmp_path: Path):
    import fcntl

    def is_free() -> bool:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    with locked_folder(tmp_path):
        assert not is_free()
    assert is_free()
