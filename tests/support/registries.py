"""Debian's docker-registry on 127.0.0.1, plain or with TLS and passwords, and its log."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START_SECONDS = 20
USER, PASSWORD = "user", "sesame"
HTPASSWD = f"{USER}:$2b$04$sYydblNaNGqHCqjociFJ9uTsKXmgv50X6hul75xoxR68IggMyEzpm\n"
"""The bcrypt hash of ``PASSWORD``."""
REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d+)')


@dataclass
class StartedRegistry:
    """A running registry."""

    host: str
    """``127.0.0.1:PORT``."""
    folder: Path
    ca: Path | None
    process: subprocess.Popen[bytes]

    @property
    def blobs(self) -> Path:
        """Where its disk has the blobs: ``AB/ABCD…/data``."""
        return self.folder / "data/docker/registry/v2/blobs/sha256"

    def blob(self, digest: str) -> Path:
        """The file of a blob."""
        return self.blobs / digest[7:9] / digest[7:] / "data"

    def requests(self) -> list[tuple[str, str, int]]:
        """(method, path, status) of each request so far."""
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        found = (REQUEST.search(line) for line in text.splitlines())
        return [(one["method"], one["path"], int(one["status"])) for one in found if one]

    def tags(self, repository: str) -> list[str]:
        """The tags on its disk."""
        folder = self.folder / f"data/docker/registry/v2/repositories/{repository}/_manifests/tags"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@contextmanager
def registry(
    folder: Path, *, secure: bool = False, login: bool = False
) -> Iterator[StartedRegistry]:
    """A registry with its storage in ``folder``, stopped after the block."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("needs docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    host = f"127.0.0.1:{port}"
    ca = make_certificates(folder) if secure else None
    (folder / "htpasswd").write_text(HTPASSWD)
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"accesslog": {"disabled": False}, "level": "error"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": host, "secret": "x"}
        | (
            {"tls": {"certificate": str(folder / "server.crt"), "key": str(folder / "server.key")}}
            if secure
            else {}
        ),
    }
    if login:
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        _wait(port, folder / "log")
        yield StartedRegistry(host, folder, ca, process)
    finally:
        process.kill()
        process.wait()


def make_certificates(folder: Path) -> Path:
    """A CA of our own, and a certificate of 127.0.0.1 (server.crt, server.key); the CA's file."""
    ca, key = folder / "ca.crt", folder / "ca.key"
    short = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    _openssl("req", "-x509", *short, "-subj", "/CN=tests", "-keyout", key, "-out", ca)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    request = folder / "server.csr"
    _openssl(
        "req", *short[:5], "-subj", "/CN=server", "-keyout", folder / "server.key", "-out", request
    )
    signing = (
        "-CA",
        ca,
        "-CAkey",
        key,
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        folder / "names",
    )
    _openssl("x509", "-req", "-in", request, *signing, "-out", folder / "server.crt")
    return ca


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _wait(port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"docker-registry did not start: {log.read_text()}")
