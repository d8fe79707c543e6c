"""Sockets without a name."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from serving.processes.private_socket import PrivateSocket


def test_a_socket_is_reached_by_its_descriptor_and_has_no_name(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 50) / ("er" * 50)
    folder.mkdir(parents=True)
    own = PrivateSocket.make(folder, "model-1")
    assert list(folder.iterdir()) == []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as worker:
        worker.connect(own.address)
        accepted, _ = own.listening.accept()
        accepted.sendall(b"x")
        assert worker.recv(1) == b"x"
        accepted.close()
    own.listening.close()


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PrivateSocket.make(tmp_path / "gone", "model-1")
