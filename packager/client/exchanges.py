"""The requests of a client and the reading of the answers, without any transport.

Each method is a generator: it yields calls and pauses, is sent the answers, and returns the result.
A client runs it with its own transport (:mod:`packager.client.client`,
:mod:`packager.client.async_client`), so both do the same.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from packager.client.address import server_address
from packager.client.answers import (
    FeedbackReceipt,
    Prediction,
    parse_error,
    parse_feedback,
    parse_json,
    parse_prediction,
)
from packager.client.fetch import MAX_ANSWER_BYTES, MAX_METRICS_BYTES
from packager.client.json_values import json_rows
from packager.client.label_requests import label_value, requests_of
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest

BATCH_ROWS = 1_000
MAX_ATTEMPTS = 5
MAX_WAIT_SECONDS = 10.0
METRICS = "/metrics"
READY = "/readyz"
Labels = Iterable[tuple[str | Prediction, Any] | tuple[str, Any, Any]]
_REFUSED = (400, 413, 422)
_HINTS = {
    401: "give a key the server knows: --key-file, or Client(url, key=…)",
    413: "send fewer rows per request",
    503: "the server is busy or starting: try again later",
    504: "send fewer rows per request, or raise MODEL_DEADLINE_SECONDS",
}
T = TypeVar("T")


@dataclass(frozen=True)
class HttpCall:
    """A request; its answer may have ``most`` bytes."""

    method: str
    path: str
    body: bytes | None = None
    most: int = MAX_ANSWER_BYTES


@dataclass(frozen=True)
class HttpAnswer:
    """The whole answer to a call."""

    status: int
    content: bytes
    retry_after: str = ""
    """The header ``Retry-After``."""


@dataclass(frozen=True)
class Pause:
    """Wait so long before the next call."""

    seconds: float


Exchange = Generator[HttpCall | Pause, HttpAnswer | None, T]


class _SchemaNeededError(Exception):
    """A value depends on the kind of its column."""


class ServerExchanges:
    """Exchanges with the server at ``url``; raises ``UsageError`` for an invalid address."""

    def __init__(self, url: str) -> None:
        self.host = server_address(url).hostname or ""
        self.url = url.rstrip("/")
        self._structured: bool | None = None

    def schema(self) -> Exchange[dict[str, Any]]:
        """``GET /schema``."""
        return self._object((yield from self._answer("GET", "/schema")), "/schema")

    def package(self) -> Exchange[Manifest]:
        """``GET /package``."""
        document = self._object((yield from self._answer("GET", "/package")), "/package")
        try:
            return Manifest.model_validate(document)
        except ValueError as error:
            raise PackageError(
                f"{self.url}/package: expected a manifest, got {error}",
                "the server may run another version of this program",
            ) from error

    def metrics(self) -> Exchange[str]:
        """``GET /metrics``."""
        answer = yield from _called(HttpCall("GET", METRICS, most=MAX_METRICS_BYTES))
        if answer.status != 200:
            raise self._refused(answer, METRICS, 0)
        return answer.content.decode("utf-8", "replace")

    def predict(self, rows: Any, batch: int, first: int) -> Exchange[list[Prediction]]:
        """The answers, in the order of the rows, which are numbered from ``first`` in errors."""
        plain = yield from self._plain(rows, first)
        answers: list[Prediction] = []
        for start in range(0, len(plain), batch):
            part = plain[start : start + batch]
            answer = yield from self._answer("POST", "/predict", {"rows": part}, first + start)
            predictions = self._object(answer, "/predict").get("predictions")
            if not isinstance(predictions, list) or len(predictions) != len(part):
                got = len(predictions) if isinstance(predictions, list) else "none"
                raise PackageError(f"{self.url}: expected {len(part)} predictions, got {got}")
            try:
                answers += [parse_prediction(prediction) for prediction in predictions]
            except ValueError as error:
                raise self._strange("/predict", error) from error
        return answers

    def feedback(self, labels: Labels, batch: int) -> Exchange[FeedbackReceipt]:
        """The outcome of each label."""
        items = []
        for label in labels:
            items.append((yield from self._label_item(*label)))
        accepted, skipped, rejected = 0, 0, []
        for start, part in requests_of(items, batch):
            answer = yield from self._answer("POST", "/feedback", part, start)
            try:
                receipt = parse_feedback(self._object(answer, "/feedback"), len(part))
            except ValueError as error:
                raise self._strange("/feedback", error) from error
            accepted += receipt.accepted
            skipped += receipt.skipped
            rejected += [(start + index, reason) for index, reason in receipt.rejected]
        return FeedbackReceipt(accepted, tuple(rejected), skipped)

    def needs_answers(self) -> Exchange[bool]:
        """Whether labels have to be sent with their answers: for a package with ``[outputs]``."""
        if self._structured is None:
            self._structured = bool((yield from self.package()).schema_.outputs)
        return self._structured

    def no_answer(self, path: str, why: object) -> PackageError:
        """The error of a transport that got none."""
        return PackageError(
            f"{self.url}{path}: expected an answer, got {why}",
            "check the address, and that the server runs",
        )

    def unbounded(self, path: str, why: object) -> PackageError:
        """The error for an answer that is too large, too slow or encoded."""
        return PackageError(
            f"{self.url}{path}: expected an answer {why}",
            "check that the address is that of a served package",
        )

    def _plain(self, rows: Any, first: int) -> Exchange[list[dict[str, Any]]]:
        """The rows in JSON values; the server is asked for its schema only if a value needs it."""

        def unknown(_: str) -> str | None:
            raise _SchemaNeededError

        row_list = list(rows) if isinstance(rows, Iterator) else rows
        try:
            return json_rows(row_list, unknown, first)
        except _SchemaNeededError:
            columns = yield from self._columns()
            return json_rows(
                row_list, lambda name: columns.get(name, None if columns else "any"), first
            )

    def _columns(self) -> Exchange[dict[str, str]]:
        """The kinds of the columns that the model needs; empty if the server doesn't answer."""
        try:
            described = yield from self.schema()
        except PackageError:
            return {}
        features = described.get("features")
        columns = features if isinstance(features, list) else []
        named = [
            (column.get("name"), column.get("kind"))
            for column in columns
            if isinstance(column, dict)
        ]
        return {name: str(kind) for name, kind in named if isinstance(name, str)}

    def _label_item(self, token: str | Prediction, *rest: Any) -> Exchange[dict[str, Any]]:
        if isinstance(token, Prediction):
            structured = yield from self.needs_answers()
            rest = (token.prediction, *rest) if structured else rest
            token = token.token or ""
        *answer, actual = rest
        item = {"token": token, "actual": label_value(actual)}
        return {**item, "answer": label_value(answer[0])} if answer else item

    def _answer(
        self, method: str, path: str, document: Any = None, offset: int = 0
    ) -> Exchange[Any]:
        """The JSON of a 200; ``offset`` is the index of the request's first row in all rows."""
        body = None if document is None else json.dumps(document, allow_nan=False).encode()
        answer = yield from _called(HttpCall(method, path, body))
        for _ in range(MAX_ATTEMPTS - 1):
            if answer.status != 503:
                break
            yield Pause(wait_seconds(answer.retry_after))
            answer = yield from _called(HttpCall(method, path, body))
        if answer.status != 200:
            raise self._refused(answer, path, offset)
        try:
            return parse_json(answer.content)
        except ValueError as error:
            begun = answer.content[:80].decode(errors="replace")
            raise PackageError(
                f"{self.url}{path}: expected JSON, got {begun!r}",
                "check that the address is that of a served package",
            ) from error

    def _refused(self, answer: HttpAnswer, path: str, offset: int) -> PackageError:
        kind = UsageError if answer.status in _REFUSED else PackageError
        try:
            failure = parse_error(answer.content)
        except ValueError:  # not our format: perhaps a proxy's error
            return kind(f"{self.url}{path}: expected status 200, got {answer.status}")
        message = failure.message
        if failure.row is not None:
            message = message.replace(f"row {failure.row}", f"row {failure.row + offset}", 1)
        return kind(message, _HINTS.get(answer.status, ""))

    def _strange(self, path: str, error: ValueError) -> PackageError:
        return PackageError(
            f"{self.url}{path}: expected {error}, got another answer",
            "check that the address is that of a served package",
        )

    def _object(self, body: Any, path: str) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise PackageError(f"{self.url}{path}: expected an object, got {str(body)[:80]}")
        return body


def _called(call: HttpCall) -> Exchange[HttpAnswer]:
    answer = yield call
    assert answer is not None
    return answer


def wait_seconds(header: str) -> float:
    """The seconds to wait after a 503 with this ``Retry-After``, bounded whatever it says.

    urllib3's ``Retry`` isn't used: it reads error bodies of any length to their end, and only its
    newest releases bound the delay.
    """
    return min(float(header), MAX_WAIT_SECONDS) if header.isascii() and header.isdigit() else 1.0
