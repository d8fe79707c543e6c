"""The attached socket of a container: stdout becomes a pipe, stderr lines, stdin is passed on."""

from __future__ import annotations

import os
import socket
import struct

from packager.engine.attached import AttachedPipes


def frame(stream: int, content: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(content)) + content


def test_both_directions_and_stderr() -> None:
    ours, container = socket.socketpair()
    told: list[str] = []
    pipes = AttachedPipes(ours, told.append)
    pipes.start()
    reading, writing = pipes.ends
    os.write(writing, b"a question")
    assert container.recv(100) == b"a question"
    os.close(writing)
    assert container.recv(100) == b""
    container.sendall(
        frame(2, b"one li") + frame(1, b"an an") + frame(2, b"ne\n") + frame(1, b"swer")
    )
    found = b""
    while len(found) < 9:
        found += os.read(reading, 100)
    assert found == b"an answer"
    container.close()
    assert os.read(reading, 100) == b""
    os.close(reading)
    pipes.close()
    assert told == ["one line"]
