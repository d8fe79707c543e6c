"""A member whose model runs in a container of its own, and answers over the network.

The server is that of the member's own package. An answer of another package is refused: the flow
was judged with this one.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.member_input import member_columns
from modelhost.solution.member_urls import MemberUrl
from modelhost.solution.remote_connection import (
    Connections,
    RemoteError,
    RemoteRequest,
    RemoteTimeoutError,
)
from modelhost.solution.remote_rows import answered, refusal, request_body
from modelhost.solution.spec import MemberSpec

START_SECONDS = 60.0
"""Seconds for which the start of a flow waits for the servers of its members."""
PROBE_SECONDS = 2.0
"""Between two questions whether the server is ready, and the time that an answer may take."""
WAIT_SECONDS = 0.1
REFUSED_ROWS = 422


class RemoteMember:
    """A member that a server answers for; several requests may run at the same time."""

    def __init__(self, spec: MemberSpec, folder: Path, url: MemberUrl) -> None:
        """``wait_until_ready`` waits for the server. Raises ``PackageError``."""
        self._spec = spec
        self._url = url
        self._connections = Connections(url)
        manifest = _manifest(spec, folder)
        self._version = manifest.version
        self.classes = manifest.classes
        self.has_probabilities = manifest.classes is not None
        self._reason = "was not asked yet"
        self._other: str | None = None
        self._ready = threading.Event()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name=f"member-{spec.name}", daemon=True).start()

    def wait_until_ready(self) -> None:
        """Return when the server is ready.

        Raises ``PackageError`` if it isn't in time, or is that of another package.
        """
        until = time.monotonic() + START_SECONDS
        while not self._ready.wait(WAIT_SECONDS):
            if self._other is not None:
                raise PackageError(
                    f"member {self._spec.name!r} {self._other}",
                    "start the server of that package, or build the solution with the other one",
                )
            if time.monotonic() < until:
                continue
            raise PackageError(
                f"member {self._spec.name!r}: expected a server that is ready at {self._url} within"
                f" {START_SECONDS:g} s, got one that {self._reason}",
                "start it, or correct MODEL_MEMBER_URLS",
            )

    @property
    def state(self) -> str:
        """``ready``, or why it is not: as the server itself last said."""
        return "ready" if self._ready.is_set() else self._reason

    @property
    def process_id(self) -> None:
        """It has no process on this machine."""

    def submit(self, rows: Any, until: float | None) -> tuple[RemoteAnswer | None, int]:
        """Send ``rows``.

        ``until``: the end of the request (``time.monotonic()``). None for no
        rows; second, their number. Raises ``MemberInputError``.
        """
        columns, count = member_columns(rows, self._spec)
        if not count:
            return None, 0
        body = request_body(columns, count, self._spec)
        return RemoteAnswer(self, body, count, until), count

    def send(self, body: bytes, until: float | None) -> RemoteRequest:
        """Send a request; raises ``MemberUnavailableError``."""
        try:
            return self._connections.send(body, until)
        except RemoteError as error:
            raise self._unavailable(error) from error

    def receive(self, request: RemoteRequest, rows: int) -> Predictions:
        """The answer; raises ``MemberUnavailableError`` and ``MemberRaisedError``."""
        try:
            status, body = request.answer()
        except RemoteError as error:
            raise self._unavailable(error) from error
        if status == REFUSED_ROWS:
            raise MemberRaisedError(self._spec.name, f"its server answered {refusal(status, body)}")
        if status != 200:
            raise MemberUnavailableError(
                self._spec.name, f"at {self._url} answered {refusal(status, body)}"
            )
        try:
            document = json.loads(body)
            version = document["version"]
            same = version == self._version
            predictions = answered(document, rows, self._spec, self.classes) if same else None
        except (ValueError, KeyError, TypeError, IndexError) as error:
            problem = f"at {self._url} sent something else than an answer: {error!r}"
            raise MemberUnavailableError(self._spec.name, problem) from error
        if predictions is None:
            raise self._unavailable(RemoteError(self._differs(version)))
        self.has_probabilities = predictions.probabilities is not None
        return predictions

    def close(self) -> None:
        """Ask the server nothing more; it goes on."""
        self._closed.set()
        self._connections.close()

    def _unavailable(self, error: RemoteError) -> MemberUnavailableError:
        late = isinstance(error, RemoteTimeoutError)
        if not late:
            self._reason = str(error)
            self._ready.clear()
        return MemberUnavailableError(self._spec.name, str(error), late=late)

    def _differs(self, version: Any) -> str:
        return f"at {self._url}: expected the package {self._version}, got {version}"

    def _watch(self) -> None:
        """Ask the server whether it is ready, again and again."""
        while not self._closed.is_set():
            reason = self._probed()
            if reason is None:
                self._ready.set()
            else:
                self._reason = reason
                self._ready.clear()
            pause = PROBE_SECONDS if self._ready.is_set() else PROBE_SECONDS / 4
            self._closed.wait(pause)

    def _probed(self) -> str | None:
        """Why the server can't be asked; None if it can."""
        try:
            status, body = self._connections.get("/readyz", PROBE_SECONDS)
            if status != 200:
                return f"answered {refusal(status, body)}"
            if self._ready.is_set():
                return None
            status, body = self._connections.get("/schema", PROBE_SECONDS)
            if status != 200:
                return f"answered {refusal(status, body)}"
            version = json.loads(body)["version"]
        except RemoteError as error:
            return str(error)
        except (ValueError, KeyError, TypeError):
            return "sent something else than a schema"
        self._other = None if version == self._version else self._differs(version)
        return self._other


class RemoteAnswer:
    """A request to the server; its answer is read when it is waited for."""

    def __init__(self, member: RemoteMember, body: bytes, rows: int, until: float | None) -> None:
        self._member = member
        self._rows = rows
        self._error: MemberUnavailableError | None = None
        self._request: RemoteRequest | None = None
        self.own = 0.0
        """Seconds from the request to the answer; known after ``wait``."""
        self.own_began = time.perf_counter()
        self.queued = 0.0
        try:
            self._request = member.send(body, until)
        except MemberUnavailableError as error:
            self._error = error

    def wait(self) -> Predictions:
        """The predictions; raises as the call of a member."""
        if self._request is None:
            assert self._error is not None
            raise self._error
        predictions = self._member.receive(self._request, self._rows)
        self.own = time.perf_counter() - self.own_began
        return predictions


class _Manifest:
    """The manifest of a member's package."""

    def __init__(self, root: str, document: Any) -> None:
        self.version = f"{document['version']}-{root[:12]}"
        schema = document["schema"]
        classes = schema.get("classes")
        outputs = schema.get("outputs") or []
        if len(outputs) == 1:
            classes = outputs[0].get("classes")
        self.classes = None if classes is None else tuple(classes)


def _manifest(spec: MemberSpec, folder: Path) -> _Manifest:
    """The digest of the file is the root of the package."""
    path = folder / "package" / "manifest.json"
    try:
        content = path.read_bytes()
        return _Manifest(hashlib.sha256(content).hexdigest(), json.loads(content))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"member {spec.name!r}: {path}: expected the manifest of a package, got"
            f" {type(error).__name__}: {error}",
            "build the solution again",
        ) from error
