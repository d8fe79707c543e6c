"""The forwarder: from sampled requests to counters and kept answers, with a real challenger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from challengers import Answer, challenger, predicting
from prometheus_client import CollectorRegistry
from serving_helpers import diamonds, diamonds_schema, make_manifest

from monitoring.feedback.challenger_answers import ChallengerAnswer
from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.feedback.token_store import TokenStoreError
from monitoring.feedback.tokens import Tokens
from monitoring.metrics.registry import Series
from monitoring.metrics.shadow import ChallengerVersions, ShadowRowMetrics
from packager.manifest.manifest import Column, Manifest, Schema
from serving.feedback.stored_answers import StoredAnswers
from serving.protocols.predict import PredictProtocol
from serving.shadow import forwarder
from serving.shadow.breaker import MAX_FAILURES, CircuitBreaker
from serving.shadow.challenger import ChallengerAddress
from serving.shadow.forwarder import ShadowCounters, ShadowForwarder
from serving.shadow.sampled import SampledRequest
from serving.shadow.settings import ShadowSettings

MANIFEST = make_manifest(diamonds_schema(diamonds()))
NUMBER = Column(name="x", kind="number", dtype="float64", nullable=True)
REGRESSION = make_manifest(Schema(features=(NUMBER,), target=NUMBER), task="regression")
TOKENS = Tokens(FeedbackKeys(1, {1: b"k" * 32}), "a" * 64, ("Fair", "Good", "Ideal"))


@dataclass
class Shadow:
    """A forwarder and its counters."""

    manifest: Manifest
    url: str
    answers: StoredAnswers | None = None
    queue: int = 1_000
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def run(self, *requests: SampledRequest, rows: int) -> None:
        """Forward requests until ``rows`` rows are counted."""
        series = Series("m", "1", self.registry)
        counters = ShadowCounters(ShadowRowMetrics(series), ChallengerVersions(series))
        settings = ShadowSettings(f"{self.url}/predict", 1.0, 2.0, self.queue, None, 10)
        one = ShadowForwarder(
            self.manifest,
            {"/predict": PredictProtocol("1")},
            ChallengerAddress.of(settings),
            self.queue,
            counters,
            self.answers,
        )
        one._breaker = self.breaker

        async def whole() -> None:
            running = asyncio.create_task(one.run())
            for request in requests:
                one._add(request)
            for _ in range(6_000):
                if sum(self.outcomes().values()) >= rows or running.done():
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # answers are kept after they are counted
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

        asyncio.run(whole())

    def outcomes(self) -> dict[str, float]:
        """Rows by outcome, those that are 0 left out."""
        found = {}
        for family in self.registry.collect():
            for sample in family.samples:
                if sample.name == "model_shadow_rows_total" and sample.value:
                    found[sample.labels["outcome"]] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)


def request(labels: Sequence[Any], rows: Sequence[Any] | None = None, tokens: Any = None) -> Any:
    rows = [{"x": place} for place in range(len(labels))] if rows is None else rows
    body = json.dumps({"rows": rows}).encode()
    return SampledRequest("/predict", {}, body, range(len(labels)), labels, None, tokens)


def test_rows_are_compared_and_those_that_were_not_sampled_stay() -> None:
    with challenger(predicting(lambda row: row["x"])) as other:
        shadow = Shadow(MANIFEST, other.url)
        one = request(["Fair", "Ideal"], [{"x": "Fair"}, {"x": "left"}, {"x": "Good"}])
        shadow.run(SampledRequest("/predict", {}, one.body, [0, 2], one.labels, None, None), rows=2)
        assert shadow.outcomes() == {"same": 1, "other": 1}
        assert [row["x"] for row in other.rows] == ["Fair", "Good"]
        assert shadow.value("model_shadow_challenger_info", challenger="challenger1") == 1


def test_numbers_have_a_difference() -> None:
    with challenger(predicting(lambda row: row["x"] * 2.0)) as other:
        shadow = Shadow(REGRESSION, other.url)
        shadow.run(request([0.0, 1.0, 2.0]), rows=3)
        assert shadow.outcomes() == {"same": 1, "other": 2}
        assert shadow.value("model_shadow_difference_count") == 3
        assert shadow.value("model_shadow_difference_sum") == pytest.approx(1.0)


def refusing(bad: int) -> Answer:
    def answer(rows: list[dict[str, Any]]) -> Any:
        refused = any(row["x"] == bad for row in rows)
        return 422 if refused else predicting(lambda _: "Fair")(rows)

    return answer


def test_a_refused_row_fails_alone() -> None:
    with challenger(refusing(13)) as other:
        shadow = Shadow(MANIFEST, other.url)
        shadow.run(request(["Fair"] * 50), rows=50)
        assert shadow.outcomes() == {"same": 49, "failed": 1}
        assert len(other.requests) <= 2 * 6 + 1


def half_open() -> CircuitBreaker:
    """A breaker after its first pause."""
    now = iter([0.0])
    breaker = CircuitBreaker(lambda: next(now, 100.0))
    for _ in range(MAX_FAILURES):
        breaker.failed()
    return breaker


def test_a_trial_with_a_refused_row_closes_the_breaker(caplog: pytest.LogCaptureFixture) -> None:
    with challenger(refusing(2)) as other:
        shadow = Shadow(MANIFEST, other.url, breaker=half_open())
        shadow.run(request(["Fair"] * 4), rows=4)
        assert shadow.outcomes() == {"same": 3, "failed": 1}
    assert not shadow.breaker.is_open
    assert caplog.text.count("the challenger answers again") == 1


def test_a_trial_whose_rows_are_all_refused_leads_to_the_next_pause() -> None:
    with challenger(lambda _: 422) as other:
        shadow = Shadow(MANIFEST, other.url, breaker=half_open())
        shadow.run(request(["Fair"] * 20), rows=20)
        assert set(shadow.outcomes()) == {"failed", "dropped"}
        assert shadow.breaker.is_open
        assert shadow.breaker.holds


def test_a_challenger_that_refuses_every_row_is_asked_a_few_times_only() -> None:
    with challenger(lambda _: 422) as other:
        shadow = Shadow(MANIFEST, other.url)
        shadow.run(request(["Fair"] * 200), rows=200)
        assert set(shadow.outcomes()) == {"failed", "dropped"}
        assert sum(shadow.outcomes().values()) == 200
        assert len(other.requests) < 40
        assert shadow.value("model_shadow_pauses_total") == 1


@pytest.mark.parametrize(
    "document",
    [
        *([], {}, {"predictions": {}}, {"predictions": [1]}, {"predictions": [{}]}),
        {"predictions": [{"prediction": 1}, {"prediction": 1}]},
        {"predictions": [{"prediction": 1}], "version": 7},
        *(b"null", b"\xff", b'{"predictions": ' + b"[" * 2_000),
    ],
)
def test_answers_of_another_form_fail(document: Any) -> None:
    with challenger(lambda _: document) as other:
        shadow = Shadow(MANIFEST, other.url)
        shadow.run(request(["Fair"]), rows=1)
        assert shadow.outcomes() == {"failed": 1}


def test_an_answer_as_deep_as_json_allows_ends_no_process() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    body = json.dumps({"predictions": [{"prediction": deep}]}).encode()
    manifest = MANIFEST.model_copy(update={"schema_": Schema(features=(NUMBER,))})
    with challenger(lambda _: body) as other:
        shadow = Shadow(manifest, other.url)
        shadow.run(request([deep]), rows=1)
        assert sum(shadow.outcomes().values()) == 1


def test_rows_beyond_the_queue_are_dropped() -> None:
    with challenger(predicting(lambda _: "Fair")) as other:
        shadow = Shadow(MANIFEST, other.url, queue=10)
        shadow.run(request(["Fair"] * 30), rows=30)
        assert shadow.outcomes() == {"same": 10, "dropped": 20}


def test_a_body_that_is_not_read_fails_its_rows() -> None:
    shadow = Shadow(MANIFEST, "http://127.0.0.1:9")
    shadow.run(SampledRequest("/predict", {}, b"{", [0], ["a"], None, None), rows=1)
    assert shadow.outcomes() == {"failed": 1}


def kept(folder: Path, per_day: int = 100) -> tuple[StoredAnswers, SqliteAnswerStore]:
    file = folder / "kept"
    kept = StoredAnswers(lambda: SqliteAnswerStore(file, per_day), 30, "answers of the challenger")
    return kept, SqliteAnswerStore(file, 1)


def test_answers_are_kept_by_champions_token(tmp_path: Path) -> None:
    tokens = TOKENS.mint(["Fair"] * 3, None, [1] * 3)
    answers, store = kept(tmp_path)
    given = {0: "Good", 1: None, 2: {"no": "class"}}
    with challenger(predicting(lambda row: given[row["x"]])) as other:
        Shadow(MANIFEST, other.url, answers).run(request(["Fair"] * 3, tokens=tokens), rows=3)
    read = [TOKENS.verify(token) for token in tokens]
    found = store.find([(one.minted, one.nonce) for one in read])
    assert found == [ChallengerAnswer.of_class("Good", "challenger1").packed(), None, None]


def test_answers_beyond_the_bound_of_a_day_are_counted(tmp_path: Path) -> None:
    tokens = TOKENS.mint(["Fair"] * 5, None, [1] * 5)
    answers, _ = kept(tmp_path, 2)
    with challenger(predicting(lambda _: "Good")) as other:
        shadow = Shadow(MANIFEST, other.url, answers)
        shadow.run(request(["Fair"] * 5, tokens=tokens), rows=5)
        assert shadow.value("model_shadow_unkept_answers_total") == 3


def test_a_store_that_fails_costs_answers_only(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def broken() -> Any:
        raise TokenStoreError("no room")

    tokens = TOKENS.mint(["Fair"], None, [1])
    with challenger(predicting(lambda _: "Fair")) as other:
        shadow = Shadow(MANIFEST, other.url, StoredAnswers(broken, 30, "answers of the challenger"))
        shadow.run(*[request(["Fair"], tokens=tokens)] * 2, rows=2)
        assert shadow.outcomes() == {"same": 2}
        assert shadow.value("model_shadow_unkept_answers_total") == 2
    assert "answers of the challenger are not kept: no room" in caplog.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"ab", b'"YWI="'),
        (np.array([[1, 2]]), b"[[1,2]]"),
        (np.float32(0.5), b"0.5"),
        ("\ud800", b'"\\ud800"'),
        (2**70, str(2**70).encode()),
    ],
)
def test_values_of_every_protocol_become_json(value: Any, text: bytes) -> None:
    encode: Callable[[Any], bytes] = forwarder._encoded
    assert encode([{"x": value}]).replace(b" ", b"") == b'{"rows":[{"x":' + text + b"}]}"
