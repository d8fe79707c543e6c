"""A client of a served package: predictions for rows, and labels that arrive later.

with Client("http://127.0.0.1:3000") as client:
    [answer] = client.predict([{"carat": 0.3, "color": "E"}])
    client.feedback([(answer.token, "Ideal")])
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

from packager.client.address import is_this_machine, server_address
from packager.client.answers import (
    FeedbackReceipt,
    Prediction,
    parse_error,
    parse_feedback,
    parse_json,
    parse_prediction,
)
from packager.client.fetch import (
    MAX_ANSWER_BYTES,
    MAX_METRICS_BYTES,
    UNCOMPRESSED,
    Bearer,
    UnboundedError,
    fetch,
)
from packager.client.json_values import json_rows
from packager.client.label_requests import label_value, requests_of
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 1_000
MAX_ATTEMPTS = 5
MAX_WAIT_SECONDS = 10.0
MAX_ANSWER_FACTOR = 10
"""Times ``timeout``: the time limit for a whole answer."""
METRICS = "/metrics"
JSON = {"Content-Type": "application/json"}
_REFUSED = (400, 413, 422)


class Client:
    """Sends requests to the server at ``url``; not thread-safe.

    ``timeout``: seconds to wait for a connection, and between two bytes of an answer. If the server
    is busy (503) the client retries after the server's delay, with at most ``MAX_ATTEMPTS``
    attempts. Every method raises ``PackageError`` with the server's message; ``UsageError`` if the
    server rejected the input.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0) -> None:
        parts = server_address(url)
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._structured: bool | None = None
        self._session = requests.Session()
        if key is not None:
            self._session.auth = Bearer(key)
        # A proxy from the environment can't reach this machine's loopback addresses.
        self._session.trust_env = not is_this_machine(parts.hostname or "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def ready(self) -> bool:
        """Whether the server runs and accepts requests."""
        try:
            return self._send("GET", "/readyz", None).status_code == 200
        except PackageError:
            return False

    def schema(self) -> dict[str, Any]:
        """The model's inputs and outputs, from ``GET /schema``."""
        return self._object(self._answer("GET", "/schema"), "/schema")

    def package(self) -> Manifest:
        """The manifest of the served package."""
        document = self._object(self._answer("GET", "/package"), "/package")
        try:
            return Manifest.model_validate(document)
        except ValueError as error:
            raise PackageError(
                f"{self.url}/package: expected a manifest, got {error}",
                "the server may run another version of this program",
            ) from error

    def metrics(self) -> str:
        """The server's metrics, in Prometheus' text format."""
        response = self._send("GET", METRICS, None)
        if response.status_code != 200:
            raise self._refused(response, METRICS, 0)
        return response.text

    def predict(
        self,
        rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
        *,
        batch: int = BATCH_ROWS,
        first: int = 0,
    ) -> list[Prediction]:
        """The answers, in the order of the rows; a request has at most ``batch`` rows.

        Rows are mappings, Series or named tuples, or a DataFrame (its index is ignored), with
        values that :mod:`packager.client.json_values` accepts: NumPy's and its arrays, pandas',
        decimals, times, bytes.
        NaN is null. An error gives the row's position in ``rows``, counted from ``first``; answers
        to earlier batches are lost then.
        """
        columns = cache(self._columns)
        plain = json_rows(
            rows, lambda name: columns().get(name, None if columns() else "any"), first
        )
        answers: list[Prediction] = []
        for start in range(0, len(plain), batch):
            part = plain[start : start + batch]
            found = self._object(
                self._answer("POST", "/predict", {"rows": part}, first + start), "/predict"
            )
            predictions = found.get("predictions")
            if not isinstance(predictions, list) or len(predictions) != len(part):
                got = len(predictions) if isinstance(predictions, list) else "none"
                raise PackageError(f"{self.url}: expected {len(part)} predictions, got {got}")
            try:
                answers += [parse_prediction(one) for one in predictions]
            except ValueError as error:
                raise self._strange("/predict", error) from error
        return answers

    def feedback(
        self,
        labels: Iterable[tuple[str | Prediction, Any] | tuple[str, Any, Any]],
        *,
        batch: int = BATCH_ROWS,
    ) -> FeedbackReceipt:
        """Send true labels: (token, actual) pairs, with values as for ``predict``.

        A package with ``[outputs]`` needs the answer beside its token: (token, answer, actual), or
        the ``Prediction`` in place of the token. None, NaN, NaT and empty text mean that the label
        isn't known yet.
        """
        items = [self._label_item(*one) for one in labels]
        accepted, skipped, rejected = 0, 0, []
        for start, part in requests_of(items, batch):
            answer = self._object(self._answer("POST", "/feedback", part, start), "/feedback")
            try:
                found = parse_feedback(answer, len(part))
            except ValueError as error:
                raise self._strange("/feedback", error) from error
            accepted += found.accepted
            skipped += found.skipped
            rejected += [(start + index, reason) for index, reason in found.rejected]
        return FeedbackReceipt(accepted, tuple(rejected), skipped)

    def needs_answers(self) -> bool:
        """Whether labels have to be sent with their answers: for a package with ``[outputs]``."""
        if self._structured is None:
            self._structured = bool(self.package().schema_.outputs)
        return self._structured

    def _label_item(self, token: str | Prediction, *rest: Any) -> dict[str, Any]:
        if isinstance(token, Prediction):
            rest = (token.prediction, *rest) if self.needs_answers() else rest
            return self._label_item(token.token or "", *rest)
        *answer, actual = rest
        item = {"token": token, "actual": label_value(actual)}
        return {**item, "answer": label_value(answer[0])} if answer else item

    def _columns(self) -> dict[str, str]:
        """The kinds of the columns that the model needs; empty if the server doesn't answer."""
        try:
            described = self.schema()
        except PackageError:
            return {}
        features = described.get("features")
        columns = features if isinstance(features, list) else []
        named = [(one.get("name"), one.get("kind")) for one in columns if isinstance(one, dict)]
        return {name: str(kind) for name, kind in named if isinstance(name, str)}

    def _answer(self, method: str, path: str, document: Any = None, offset: int = 0) -> Any:
        """The JSON of a 200; ``offset`` is the index of the request's first row in all rows."""
        body = None if document is None else json.dumps(document, allow_nan=False).encode()
        for attempt in range(1, MAX_ATTEMPTS + 1):
            response = self._send(method, path, body)
            if response.status_code != 503 or attempt == MAX_ATTEMPTS:
                break
            time.sleep(_wait_seconds(response))
        if response.status_code != 200:
            raise self._refused(response, path, offset)
        try:
            return parse_json(response.content)
        except ValueError as error:
            begun = response.content[:80].decode(errors="replace")
            raise PackageError(
                f"{self.url}{path}: expected JSON, got {begun!r}",
                "check that the address is that of a served package",
            ) from error

    def _send(self, method: str, path: str, body: bytes | None) -> requests.Response:
        try:
            return fetch(
                lambda: self._session.request(
                    method,
                    self.url + path,
                    data=body,
                    headers={**UNCOMPRESSED, **(JSON if body is not None else {})},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ),
                MAX_METRICS_BYTES if path == METRICS else MAX_ANSWER_BYTES,
                MAX_ANSWER_FACTOR * self._timeout,
            )
        except UnboundedError as error:
            raise PackageError(
                f"{self.url}{path}: expected an answer {error}",
                "check that the address is that of a served package",
            ) from error
        except requests.RequestException as error:
            why = "no connection" if isinstance(error, requests.ConnectionError) else error
            raise PackageError(
                f"{self.url}{path}: expected an answer, got {why}",
                "check the address, and that the server runs",
            ) from error

    def _refused(self, response: requests.Response, path: str, offset: int) -> PackageError:
        status = response.status_code
        kind = UsageError if status in _REFUSED else PackageError
        try:
            failure = parse_error(response.content)
        except ValueError:  # not our format: perhaps a proxy's error
            return kind(f"{self.url}{path}: expected status 200, got {status}")
        message = failure.message
        if failure.row is not None:
            message = message.replace(f"row {failure.row}", f"row {failure.row + offset}", 1)
        return kind(message, _HINTS.get(status, ""))

    def _strange(self, path: str, error: ValueError) -> PackageError:
        return PackageError(
            f"{self.url}{path}: expected {error}, got another answer",
            "check that the address is that of a served package",
        )

    def _object(self, found: Any, path: str) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise PackageError(f"{self.url}{path}: expected an object, got {str(found)[:80]}")
        return found


_HINTS = {
    401: "give a key the server knows: --key-file, or Client(url, key=…)",
    413: "send fewer rows per request",
    503: "the server is busy or starting: try again later",
    504: "send fewer rows per request, or raise MODEL_DEADLINE_SECONDS",
}


def read_key(path: Path) -> str:
    """The key in a file: its first word. Raises ``UsageError`` if there is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a file with a key, got {error}") from error
    if not lines:
        raise UsageError(f"{path}: expected a key, got an empty file")
    return lines[0]


def _wait_seconds(response: requests.Response) -> float:
    """The seconds to wait after a 503, bounded whatever the server sends.

    urllib3's ``Retry`` isn't used: it reads error bodies of any length to their end, and only its
    newest releases bound the delay.
    """
    told = response.headers.get("Retry-After", "")
    return min(float(told), MAX_WAIT_SECONDS) if told.isascii() and told.isdigit() else 1.0
