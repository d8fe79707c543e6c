"""What the processes of a server share: its socket and its folders."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.processes.resources import (
    METRICS,
    listen_on,
    locked_folder,
    make_metrics_folder,
    metrics_folder,
)


def test_counts_of_a_server_that_was_here_before_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    monkeypatch.setenv(METRICS, "elsewhere")
    metrics_folder().mkdir(parents=True)
    (metrics_folder() / "counter_1.db").write_text("old")
    make_metrics_folder()
    assert list(metrics_folder().iterdir()) == []
    assert os.environ[METRICS] == str(metrics_folder())


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
