"""Rows sent to one or two versions: statuses, answers and seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from monitoring.metrics.answer_comparison import compare_answers
from packager.client.address import is_this_machine, server_address
from packager.client.fetch import MAX_ANSWER_BYTES, UNCOMPRESSED, Bearer, fetch

Row = Mapping[str, Any]
TIMEOUT_SECONDS = 60.0
REFUSED = (400, 413, 422)
"""Statuses of a request that the model's inputs don't allow."""


@dataclass(frozen=True)
class MirroredAnswer:
    """The answer to one request."""

    status: int
    """0: none came."""
    seconds: float
    document: Any = None
    """The answer's JSON; its beginning as text where it is none."""

    @property
    def refused(self) -> bool:
        """Whether the row doesn't fit this version's inputs."""
        return self.status in REFUSED

    @property
    def answers(self) -> list[Any]:
        """The answer of each row; empty if there are none."""
        predictions = self.document.get("predictions") if isinstance(self.document, dict) else None
        return predictions if isinstance(predictions, list) else []

    @property
    def failure_text(self) -> str:
        """The failure in place of an answer."""
        content = self.document
        if isinstance(content, dict) and isinstance(content.get("error"), dict):
            content = content["error"].get("message")
        return f"status {self.status or 'none'}: {str(content)[:200]}"


class ServerAddress:
    """A server at an address, asked over one connection."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        if key is not None:
            self._session.auth = Bearer(key)
        self._session.trust_env = not is_this_machine(server_address(url).hostname or "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str) -> MirroredAnswer:
        """The answer to a GET."""
        return self._send("GET", path, None)

    def predict(self, rows: Sequence[Row]) -> MirroredAnswer:
        """The answer to a request with these rows."""
        body = json.dumps({"rows": list(rows)}, allow_nan=False).encode()
        return self._send("POST", "/predict", body)

    def _send(self, method: str, path: str, body: bytes | None) -> MirroredAnswer:
        headers = {**UNCOMPRESSED, "Content-Type": "application/json"}
        begun = time.perf_counter()
        try:
            answer = fetch(
                lambda: self._session.request(
                    method,
                    self.url + path,
                    data=body,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                    stream=True,
                ),
                MAX_ANSWER_BYTES,
                TIMEOUT_SECONDS,
            )
        except requests.RequestException as error:
            return MirroredAnswer(
                0, time.perf_counter() - begun, f"{type(error).__name__}: {error}"
            )
        seconds = time.perf_counter() - begun
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError):
            document = answer.content[:200].decode(errors="replace")
        return MirroredAnswer(answer.status_code, seconds, document)


@dataclass
class MirroredRows:
    """The results of both versions for the same rows, each sent to one and then to the other."""

    old_seconds: list[float] = field(default_factory=list)
    new_seconds: list[float] = field(default_factory=list)
    """Of pairs that both answered, in the order of the pairs."""
    other_answers: int = 0
    """Pairs whose answers differ, beyond rounding."""
    incomparable: int = 0
    """Pairs whose answers have different forms, such as a class and a number."""
    differences: list[float] = field(default_factory=list)
    """Of pairs with numbers: the largest difference of a probability, or relative difference."""
    refused_by_old: int = 0
    refused_by_new: int = 0
    refused_by_both: int = 0
    failed_by_old: int = 0
    failed_by_new: int = 0
    refusal: str = ""
    """The new version's error for the first row that only it refused."""
    failure: str = ""
    """The error of the first request that the new version did not answer."""

    @property
    def pairs(self) -> int:
        """Pairs that both answered."""
        return len(self.new_seconds)

    def add(self, old: MirroredAnswer, new: MirroredAnswer) -> None:
        """Count one pair of answers."""
        if old.refused or new.refused:
            self.refused_by_both += old.refused and new.refused
            self.refused_by_old += old.refused and not new.refused
            self.refused_by_new += new.refused and not old.refused
            if not old.refused:
                self.refusal = self.refusal or new.failure_text
            return
        if new.status != 200:
            self.failed_by_new += 1
            self.failure = self.failure or new.failure_text
        if old.status != 200:
            self.failed_by_old += 1
        if old.status == new.status == 200:
            self.old_seconds.append(old.seconds)
            self.new_seconds.append(new.seconds)
            self._compare(old.answers, new.answers)

    def _compare(self, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Count a request of one row as a shadow does."""
        if len(old) != 1 or len(new) != 1:
            self.incomparable += 1
            return
        comparison = compare_answers(old[0], new[0])
        self.other_answers += comparison.outcome == "other"
        self.incomparable += comparison.outcome == "incomparable"
        if comparison.difference is not None:
            self.differences.append(comparison.difference)


WARM_UP = 20
"""Requests to each version before the first that counts."""


def send_pairs(
    old: ServerAddress,
    new: ServerAddress,
    rows: Sequence[Row],
    mirrored: MirroredRows,
    pairs: int,
    until: float,
) -> None:
    """Send rows in turn to both until ``mirrored`` has ``pairs``, or it is ``until``.

    ``until``: a reading of ``time.monotonic``. Which version is asked first alternates. Ends when
    no row of a whole round was answered by both.
    """
    start, before = 0, mirrored.pairs
    while mirrored.pairs < pairs and time.monotonic() < until:
        row = [rows[start % len(rows)]]
        if start % 2:
            answer = new.predict(row)
            mirrored.add(old.predict(row), answer)
        else:
            answer = old.predict(row)
            mirrored.add(answer, new.predict(row))
        start += 1
        if start % (2 * len(rows)) == 0:
            if mirrored.pairs == before:
                return
            before = mirrored.pairs
