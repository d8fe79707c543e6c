"""A client of a served package: predictions for rows, and labels that arrive later.

with Client("http://127.0.0.1:3000") as client:
    [answer] = client.predict([{"carat": 0.3, "color": "E"}])
    client.feedback([(answer.token, "Ideal")])
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import requests

from packager.client.address import is_this_machine
from packager.client.answers import FeedbackReceipt, Prediction
from packager.client.exchanges import (
    BATCH_ROWS,
    METRICS,
    READY,
    Exchange,
    HttpAnswer,
    HttpCall,
    Labels,
    Pause,
    ServerExchanges,
)
from packager.client.fetch import UNCOMPRESSED, Bearer, UnboundedError, fetch
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

MAX_ANSWER_FACTOR = 10
"""Times ``timeout``: the time limit for a whole answer."""
JSON = {"Content-Type": "application/json"}
T = TypeVar("T")


class Client:
    """Sends requests to the server at ``url``; not thread-safe.

    ``timeout``: seconds to wait for a connection, and between two bytes of an answer. If the server
    is busy (503) the client retries after the server's delay, with at most ``MAX_ATTEMPTS``
    attempts. Every method raises ``PackageError`` with the server's message; ``UsageError`` if the
    server rejected the input.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0) -> None:
        self._exchanges = ServerExchanges(url)
        self.url = self._exchanges.url
        self._timeout = timeout
        self._session = requests.Session()
        if key is not None:
            self._session.auth = Bearer(key)
        # A proxy from the environment can't reach this machine's loopback addresses.
        self._session.trust_env = not is_this_machine(self._exchanges.host)

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
            return self._send(HttpCall("GET", READY)).status == 200
        except PackageError:
            return False

    def schema(self) -> dict[str, Any]:
        """The model's inputs and outputs, from ``GET /schema``."""
        return self._run(self._exchanges.schema())

    def package(self) -> Manifest:
        """The manifest of the served package."""
        return self._run(self._exchanges.package())

    def metrics(self) -> str:
        """The server's metrics, in Prometheus' text format."""
        return self._run(self._exchanges.metrics())

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
        return self._run(self._exchanges.predict(rows, batch, first))

    def feedback(self, labels: Labels, *, batch: int = BATCH_ROWS) -> FeedbackReceipt:
        """Send true labels: (token, actual) pairs, with values as for ``predict``.

        A package with ``[outputs]`` needs the answer beside its token: (token, answer, actual), or
        the ``Prediction`` in place of the token. None, NaN, NaT and empty text mean that the label
        isn't known yet.
        """
        return self._run(self._exchanges.feedback(labels, batch))

    def needs_answers(self) -> bool:
        """Whether labels have to be sent with their answers: for a package with ``[outputs]``."""
        return self._run(self._exchanges.needs_answers())

    def _run(self, exchange: Exchange[T]) -> T:
        """Make the calls of an exchange; an error of the transport is raised inside it."""
        try:
            step = next(exchange)
            while True:
                try:
                    answer = self._step(step)
                except PackageError as error:
                    step = exchange.throw(error)
                else:
                    step = exchange.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    def _step(self, step: HttpCall | Pause) -> HttpAnswer | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        return self._send(step)

    def _send(self, call: HttpCall) -> HttpAnswer:
        try:
            response = fetch(
                lambda: self._session.request(
                    call.method,
                    self.url + call.path,
                    data=call.body,
                    headers={**UNCOMPRESSED, **(JSON if call.body is not None else {})},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ),
                call.most,
                MAX_ANSWER_FACTOR * self._timeout,
            )
        except UnboundedError as error:
            raise self._exchanges.unbounded(call.path, error) from error
        except requests.RequestException as error:
            why = "no connection" if isinstance(error, requests.ConnectionError) else error
            raise self._exchanges.no_answer(call.path, why) from error
        retry = response.headers.get("Retry-After", "")
        return HttpAnswer(response.status_code, response.content, retry)


def read_key(path: Path) -> str:
    """The key in a file: its first word. Raises ``UsageError`` if there is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a file with a key, got {error}") from error
    if not lines:
        raise UsageError(f"{path}: expected a key, got an empty file")
    return lines[0]


__all__ = ["METRICS", "Client", "read_key"]
