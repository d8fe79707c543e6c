"""The client of an MLflow tracking server: its REST API and its proxy of artifacts.

Address, login and certificates are those of MLflow's own variables. Answers are bounded, and no
redirect is followed, because the login would go along.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from packager.client.address import is_this_machine
from packager.client.answers import parse_json
from packager.client.fetch import UNCOMPRESSED, Bearer, UnboundedError, fetch
from packager.errors import PackageError, UsageError

TRACKING_URI = "MLFLOW_TRACKING_URI"
USERNAME, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
TOKEN = "MLFLOW_TRACKING_TOKEN"
CERTIFICATES = "MLFLOW_TRACKING_SERVER_CERT_PATH"
API, ARTIFACTS = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
SECONDS = 30.0
"""To wait for a connection, and between two bytes of an answer."""
MAX_DOCUMENT = 8 << 20
"""Bytes of an answer of the REST API."""
CHUNK = 1 << 20
ABSENT = 404
HINTS = {
    400: "check the name, and that the tracking server is the right one",
    401: f"set {USERNAME} and {PASSWORD}, or {TOKEN}",
    403: "ask who runs the server for the permission to read this model",
    404: "check the name, and that the tracking server is the right one",
}


class TrackingServer:
    """Requests to one tracking server; raises ``PackageError`` for what it does not answer."""

    def __init__(self, uri: str, variables: Mapping[str, str] = os.environ) -> None:
        """Raises ``UsageError`` for an address that is not of a server."""
        parts = urlsplit(uri)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise UsageError(
                f"{uri or 'no tracking server'}: expected the http(s) address of a tracking server",
                "name it with --tracking-uri or MLFLOW_TRACKING_URI; for a local store start "
                "`mlflow server --backend-store-uri …`, or name the model's folder",
            )
        self.is_local = is_this_machine(host)
        """Whether it is on this machine, and so may name files of it."""
        bracketed = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        self.address = f"{parts.scheme}://{bracketed}{port}{parts.path.rstrip('/')}"
        """Without credentials."""
        self._session = requests.Session()
        self._session.auth = _login(parts.username, parts.password, variables)
        # A proxy from the environment can't reach this machine's loopback addresses.
        self._session.trust_env = not self.is_local
        if variables.get(CERTIFICATES):
            self._session.verify = variables[CERTIFICATES]

    def find(self, path: str, **query: str) -> dict[str, Any] | None:
        """The document of a GET below ``API``; None if the server has none of that name."""
        return self._document(f"{API}/{path}", query)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """As ``find``; raises ``UsageError`` if the server has none."""
        entry = self.find(path, **query)
        if entry is None:
            named = " ".join(query.values())
            raise UsageError(f"{self.address}: expected {named}, got no such entry", HINTS[ABSENT])
        return entry

    def listed(self, folder: str) -> list[dict[str, Any]]:
        """The entries of a folder of artifacts: ``path`` (a name), ``is_dir``, ``file_size``."""
        entries = (self._document(ARTIFACTS, {"path": folder}) or {}).get("files", [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise self._strange("a list of artifacts")
        return entries

    def download(self, artifact: str, file: Path, limit: int) -> int:
        """Write an artifact to ``file``; return its bytes.

        Raises ``PackageError`` for more than ``limit`` bytes, or an answer that breaks off.
        """
        url = f"{self.address}{ARTIFACTS}/{quote(artifact)}"
        size = 0
        try:
            with self._get(url, {}) as answer, file.open("wb") as output:
                if answer.status_code != 200:
                    raise self._refused(answer.status_code, artifact, "")
                for part in answer.iter_content(CHUNK):
                    size += len(part)
                    if size > limit:
                        raise PackageError(
                            f"{artifact}: expected at most {limit:,} bytes, got more",
                            "download the model yourself, and name its folder",
                        )
                    output.write(part)
        except requests.RequestException as error:
            raise self._unanswered(error) from error
        return size

    def _document(self, path: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        try:
            answer = fetch(lambda: self._get(self.address + path, query), MAX_DOCUMENT)
        except UnboundedError as error:
            raise PackageError(
                f"{self.address}: expected an answer {error}", "check the tracking server's address"
            ) from error
        except requests.RequestException as error:
            raise self._unanswered(error) from error
        try:
            document = parse_json(answer.content)
        except ValueError:
            document = None
        if answer.status_code == ABSENT and isinstance(document, dict) and "error_code" in document:
            return None
        if answer.status_code != 200:
            message = document.get("message", "") if isinstance(document, dict) else ""
            raise self._refused(answer.status_code, path, str(message)[:300])
        if not isinstance(document, dict):
            raise self._strange("a JSON object")
        return document

    def _get(self, url: str, query: Mapping[str, str]) -> requests.Response:
        return self._session.get(
            url,
            params=dict(query),
            headers=UNCOMPRESSED,
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
        )

    def _refused(self, status: int, address: str, message: str) -> PackageError:
        detail = f": {message}" if message else ""
        return PackageError(
            f"{self.address}: expected {address}, got status {status}{detail}",
            HINTS.get(status, "check the tracking server's address, and its log"),
        )

    def _strange(self, expected: str) -> PackageError:
        return PackageError(
            f"{self.address}: expected {expected}, got another answer",
            "check that the address is that of an MLflow tracking server",
        )

    def _unanswered(self, error: requests.RequestException) -> PackageError:
        if isinstance(error, requests.exceptions.SSLError):
            return PackageError(
                f"{self.address}: its certificate is not trusted",
                f"name the file of its CA in {CERTIFICATES}",
            )
        why = "no connection" if isinstance(error, requests.ConnectionError) else str(error)[:200]
        return PackageError(
            f"{self.address}: expected an answer of a tracking server, got {why}",
            "check the address, and that the server runs",
        )


def _login(user: str | None, password: str | None, variables: Mapping[str, str]) -> AuthBase | None:
    """As MLflow chooses: the address's own, then user and password, then a token."""
    if user is not None:
        return HTTPBasicAuth(user, password or "")
    if variables.get(USERNAME) and variables.get(PASSWORD):
        return HTTPBasicAuth(variables[USERNAME], variables[PASSWORD])
    return Bearer(variables[TOKEN]) if variables.get(TOKEN) else None
