"""A sample of the answered rows is embedded after their answers, and never while requests wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from modelhost.prediction_messages import encode_matrix
from modelhost.wire import Message
from monitoring.derived.arrays import ArrayCells
from monitoring.metrics.recorder import Batch
from monitoring.profile.profile import EMBEDDING, Profile
from monitoring.stats.derived_bins import embedding_features
from packager.manifest.manifest import Column
from serving.prediction import embedding_sampler
from serving.prediction.embedding_sampler import MAX_CALL_ROWS, MAX_KEPT_ROWS, EmbeddingSampler
from serving.prediction.errors import ModelProcessEndedError

COLUMNS = (
    Column(
        name="pixels", kind="array", dtype="object", nullable=False, shape=(2,), element="float32"
    ),
    Column(name="size", kind="number", dtype="float64", nullable=False),
)
REFERENCE = ArrayCells.of(np.random.default_rng(1).normal(size=(200, 2)))
PROFILE = Profile(
    rows=200,
    features=tuple(embedding_features(EMBEDDING, REFERENCE, REFERENCE, 10)),
    left_out=(),
    embedding="model:embed",
)


class Client:
    """Stands in for a model process: fixed answers, and a busy state that a test sets."""

    def __init__(self, answer: Any, busy: int = 0) -> None:
        self._answer = answer
        self._busy = busy
        self.requests: list[Message] = []

    @property
    def busy(self) -> bool:
        """Whether requests wait, once more."""
        self._busy -= 1
        return self._busy >= 0

    async def request(self, message: Message, deadline: float) -> Message:
        """The answer."""
        self.requests.append(message)
        made = self._answer(message.header["rows"])
        if isinstance(made, Exception):
            raise made
        return made


def matrix(rows: int) -> Message:
    header, buffers = encode_matrix(np.zeros((rows, 2)))
    return Message({**header, "seconds": 0.0001}, buffers)


def sampler(client: Client) -> tuple[EmbeddingSampler, Counter[str]]:
    counted: Counter[str] = Counter()
    metrics = SimpleNamespace(
        add_embedded=lambda outcome, rows: counted.update({outcome: rows}),
        add_bins=lambda name, counts: counted.update({name: sum(counts)}),
    )
    predictor: Any = SimpleNamespace(
        manifest=SimpleNamespace(schema_=SimpleNamespace(features=COLUMNS)),
        client=client,
        metrics=metrics,
        observer=SimpleNamespace(profile=PROFILE),
    )
    made = EmbeddingSampler.of(predictor, 1.0)
    assert made is not None
    return made, counted


def batch(rows: int) -> Batch:
    cells = [np.array([row, row], np.float32) for row in range(rows)]
    return Batch([cells, [1.0] * rows], [1] * rows, None, [1] * rows, [()] * rows, {})


def run(made: EmbeddingSampler, done: Callable[[], bool] | None = None) -> None:
    """Run it until ``done``; if that is not given, for a tenth of a second."""

    async def some() -> None:
        task = asyncio.create_task(made.run())
        until = asyncio.get_running_loop().time() + 30
        while done is not None and not done():
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1 if done is None else 0)
        task.cancel()

    asyncio.run(some())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_sampler, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(embedding_sampler, "CALL_SECONDS", 0.001)


def test_a_package_without_one_has_no_sampler() -> None:
    for profile in (None, PROFILE.model_copy(update={"embedding": None})):
        predictor: Any = SimpleNamespace(observer=SimpleNamespace(profile=profile))
        assert EmbeddingSampler.of(predictor, 1.0) is None


def test_rows_are_embedded_in_calls_that_grow_and_are_counted() -> None:
    client = Client(matrix)
    made, counted = sampler(client)
    made.submit(batch(100))
    assert client.requests == []  # not before the answers are sent
    run(made, lambda: len(client.requests) >= 3)
    sizes = [one.header["rows"] for one in client.requests]
    assert sizes[0] == 1
    assert 1 < max(sizes) <= MAX_CALL_ROWS
    header = client.requests[0].header
    assert (header["verb"], header["function"]) == ("embed", "model:embed")
    assert "group" not in header  # never together with requests
    assert counted["measured"] == sum(sizes)
    assert {counted[one.name] for one in PROFILE.features} == {sum(sizes)}


def test_of_many_rows_few_are_kept_each_as_likely() -> None:
    made, _ = sampler(Client(matrix))
    for _ in range(10):
        made.submit(batch(200))
    kept = made._kept
    assert len(kept) == MAX_KEPT_ROWS
    assert len({float(row[0][0]) for row in kept}) > 100


def test_large_rows_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_sampler, "MAX_KEPT_ELEMENTS", 10)
    made, _ = sampler(Client(matrix))
    made.submit(batch(200))
    assert len(made._kept) <= 4


def test_it_waits_while_requests_wait() -> None:
    client = Client(matrix, busy=1_000_000)
    made, _ = sampler(client)
    made.submit(batch(5))
    run(made)
    assert client.requests == []


def test_it_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_sampler, "BUSY_SECONDS", 0.01)
    client = Client(matrix, busy=1_000_000)
    made, _ = sampler(client)
    made.submit(batch(5))
    run(made, lambda: bool(client.requests))
    assert client.requests


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: ModelProcessEndedError(), "ModelProcessEndedError"),
        (lambda _: Message({"broken": {"said": ["ZeroDivisionError in embed"]}}), "ZeroDivision"),
        (lambda rows: matrix(rows + 1), "expected the embeddings of 1 rows"),
        (lambda _: Message({}), "PackageError"),
    ],
)
def test_a_failure_is_counted_and_said_once(
    answer: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    made, counted = sampler(Client(answer))
    made.submit(batch(5))
    run(made, lambda: bool(counted))
    assert set(counted) == {"failed"}
    told = [one for one in caplog.messages if "the embedding model:embed gave nothing" in one]
    assert len(told) == 1
    assert said in told[0]
