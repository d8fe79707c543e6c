"""Debian's docker-registry on 127.0.0.1, plain or with TLS and passwords, and its log."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

START_SECONDS = 60
USER, PASSWORD = "user", "sesame"
HTPASSWD = f"{USER}:$2b$04$sYydblNaNGqHCqjociFJ9uTsKXmgv50X6hul75xoxR68IggMyEzpm\n"
"""The bcrypt hash of ``PASSWORD``."""
LAST_REQUEST = "/v2/?last="
SETTLE_SECONDS = 0.1
REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d+)')


@dataclass
class StartedRegistry:
    """A running registry."""

    host: str
    """``127.0.0.1:PORT``."""
    folder: Path
    ca: Path | None
    login: bool

    def blob(self, digest: str) -> Path:
        """The file of a blob on its disk."""
        top = self.folder / "data/docker/registry/v2/blobs/sha256"
        return top / digest[7:9] / digest[7:] / "data"

    def requests(self) -> list[tuple[str, str, int]]:
        """(method, path, status) of each request so far."""
        text = self._settled_log()
        found = (REQUEST.search(line) for line in text.splitlines() if LAST_REQUEST not in line)
        return [(one["method"], one["path"], int(one["status"])) for one in found if one]

    def _settled_log(self) -> str:
        """The log with the line of every answered request.

        The registry writes a line after it has sent the answer. So the log is complete when it
        has the line of a request of our own and has not grown since.
        """
        last = f"{LAST_REQUEST}{uuid.uuid4().hex}"
        scheme, untrusted = "http" if self.ca is None else "https", ssl._create_unverified_context()
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{scheme}://{self.host}{last}", context=untrusted, timeout=20)
        deadline, before = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < deadline:
            text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
            if last in text and text == before:
                return text
            before = text
            time.sleep(SETTLE_SECONDS)
        raise AssertionError(f"the registry's log has no line of {last}")

    def tags(self, repository: str) -> list[str]:
        """The tags on its disk."""
        folder = self.folder / f"data/docker/registry/v2/repositories/{repository}/_manifests/tags"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def reference(self, name: str) -> RegistryReference:
        """``name`` is ``REPOSITORY:TAG``."""
        return RegistryReference.parse(f"{self.host}/{name}")

    def repository(self, name: str) -> RegistryRepository:
        """A repository to push to, whose repetitions don't wait."""
        return open_repository(self.reference(name), write=True, sleep=lambda _: None)

    def variables(self, folder: Path, password: str = PASSWORD) -> dict[str, str]:
        """Environment variables of a user with a login, whose Docker config is in ``folder``."""
        logins = {self.host: login(USER, password)} if self.login else {}
        found = {"DOCKER_CONFIG": docker_config(folder, {"auths": logins})}
        if self.ca is None:
            return found
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return found | dict.fromkeys(names, str(self.ca))


def login(user: str, password: str) -> dict[str, str]:
    """An entry of ``auths``."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def docker_config(folder: Path, content: dict[str, Any]) -> str:
    """Write ``config.json``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(content))
    return str(folder)


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
    http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "x"}
    ca = make_certificates(folder) if secure else None
    if secure:
        http["tls"] = {"certificate": f"{folder}/server.crt", "key": f"{folder}/server.key"}
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"accesslog": {"disabled": False}, "level": "error"},
        "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}},
        "http": http,
    }
    if login:
        (folder / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": f"{folder}/htpasswd"}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, "serve", f"{folder}/config.yml"], stdout=log, stderr=log
        )
    try:
        _wait(port, folder / "log")
        yield StartedRegistry(http["addr"], folder, ca, login)
    finally:
        process.kill()
        process.wait()


def make_certificates(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Path:
    """A CA and a certificate of ``names``: server.crt and server.key; returns the CA's file."""
    (folder / "certs").mkdir(parents=True, exist_ok=True)
    ca, key = folder / "certs" / "ca.crt", folder / "ca.key"
    fresh = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _openssl("req", "-x509", *fresh, "-days", "2", "-subj", "/CN=tests", "-keyout", key, "-out", ca)
    (folder / "names").write_text(f"subjectAltName={names}\n")
    asked, server = folder / "server.csr", folder / "server.key"
    _openssl("req", *fresh, "-subj", "/CN=server", "-keyout", server, "-out", asked)
    signed = ("-CA", ca, "-CAkey", key, "-CAcreateserial", "-days", "2")
    extended = ("-extfile", folder / "names")
    _openssl("x509", "-req", "-in", asked, *signed, *extended, "-out", folder / "server.crt")
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
