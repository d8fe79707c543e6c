"""Requests of any size get the model's answer, or the error that the docs give, once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from model_clients import ClientThread
from model_hosts import running_host
from prometheus_client import CollectorRegistry
from serving_helpers import Package, lay_out, make_manifest

from monitoring.metrics.serving import ServingMetrics
from packager.manifest.manifest import Column, Schema, Serve
from serving.http.asgi import DisconnectedError
from serving.http.limits import MIN_LARGE_BYTES
from serving.http.messages import RequestError
from serving.prediction.package_files import PackageFiles
from serving.prediction.pipeline import Answer, Pipeline
from serving.prediction.predictor import Predictor
from serving.processes.model_processes import model_spec
from serving.protocols.predict import PredictProtocol
from serving.settings import Settings

pytestmark = pytest.mark.slow

ADAPTER = PredictProtocol("1.0.0")
ROW = {"carat": 0.5, "color": "E", "tables": 55}
OUTSIDE = {**ROW, "color": "Z"}
FEW_VALUES = {"MODEL_MAX_VALUES": "50000"}
SECRET = "a secret of the model"
PAUSED = f"""
import time
from pathlib import Path

class Predictor:
    classes_ = ["good"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        codes = list(frame["code"])
        if 9 in codes:
            Path("began").touch()
            until = time.monotonic() + 60
            while not Path("released").exists() and time.monotonic() < until:
                time.sleep(0.01)
        if 2 in codes:
            raise RuntimeError({SECRET!r})
        if 3 in codes:
            broken.append(True)
        if broken:
            raise RuntimeError({SECRET!r})
        return ["good"] * len(frame)

broken = []
"""


def settings_of(package: Package, environment: dict[str, str]) -> Settings:
    chosen = {"MODEL_ROOT": str(package.root), "MODEL_FEEDBACK": "off", **environment}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_ROOT", chosen["MODEL_ROOT"])
        return Settings.from_environment(chosen)


@contextmanager
def model_process(package: Package, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """The address of a process that serves the model; its files are in ``folder``."""
    settings = settings_of(package, environment)
    files = PackageFiles.load(package.manifest, settings.root)
    spec = model_spec(settings, files)
    with running_host(folder, package.root / "code", spec) as running:
        yield running.address


class Loaded:
    """A pipeline, and what it counted."""

    def __init__(self, package: Package, environment: dict[str, str], address: str) -> None:
        """``address``: of a process that serves the model."""
        self.code = package.root / "code"
        self.registry = CollectorRegistry()
        settings = settings_of(package, environment)
        with pytest.MonkeyPatch.context() as patch:
            own = partial(ServingMetrics, registry=self.registry)
            patch.setattr("serving.prediction.predictor.ServingMetrics", own)
            patch.setenv("MODEL_ROOT", str(package.root))
            files = PackageFiles.load(package.manifest, settings.root)
            self._thread = ClientThread([address], settings.max_queue)
            self.predictor = Predictor.load(settings, files, {}, self._thread.client)
        self.busy: list[int] = []
        self.pipeline = Pipeline(
            self.predictor, settings, self._thread.request_limit, self.busy.append
        )
        while not self.predictor.client.ready:
            time.sleep(0.01)

    def close(self) -> None:
        self._thread.close()
        self.pipeline.close()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.run(coroutine)

    def stages(self) -> tuple[float | None, float | None]:
        """Requests that were validated and predicted, as the metrics have them."""
        self.predictor.metrics.flush()
        name, labels = "model_stage_duration_seconds_count", self.labels
        return (
            self.registry.get_sample_value(name, {**labels, "stage": "validate"}),
            self.registry.get_sample_value(name, {**labels, "stage": "predict"}),
        )

    @property
    def labels(self) -> dict[str, str]:
        manifest = self.predictor.manifest
        return {"model": manifest.name, "version": manifest.tag}

    def inline(self, rows: list[Any]) -> Answer | None:
        return self.pipeline.predict_inline(ADAPTER, body_of(rows), {})

    async def ask(self, body: bytes, seconds: float = 30, receive: Any = None) -> Answer:
        deadline = time.monotonic() + seconds
        return await self.pipeline.answer(ADAPTER, body, {}, receive or connected, deadline)

    def answer(self, rows: list[Any], seconds: float = 30) -> Answer:
        answer: Answer = self.run(self.ask(body_of(rows), seconds))
        return answer

    def error(self, rows: list[Any], seconds: float = 30) -> RequestError:
        with pytest.raises(RequestError) as raised:
            self.answer(rows, seconds)
        return raised.value


async def connected() -> dict[str, Any]:
    """A client that waits for its answer."""
    await asyncio.sleep(3_600)
    return {"type": "http.request"}


async def gone() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def body_of(rows: list[Any]) -> bytes:
    return json.dumps({"rows": rows}).encode()


def predictions(answer: Answer | None) -> list[Any]:
    assert answer is not None
    assert answer.response.status == 200
    found: list[Any] = json.loads(answer.response.body)["predictions"]
    return found


@pytest.fixture(scope="module")
def address(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One process of the compiled package for all tests: each has its own connection."""
    with model_process(package, FEW_VALUES, tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture
def compiled(package: Package, address: str) -> Iterator[Loaded]:
    loaded = Loaded(package, FEW_VALUES, address)
    yield loaded
    loaded.close()


@pytest.fixture
def native(tmp_path: Path) -> Iterator[Loaded]:
    """A model without a compiled form, which waits or raises as its rows say; one place."""
    frame = pd.DataFrame({"code": [0, 1]})
    column = Column(name="code", kind="integer", dtype="int64", nullable=False)
    schema = Schema(features=(column,), classes=("good",))
    serve = Serve(predictor="paused:Predictor", compile="off", workers=1, strict=False)
    lay_out(tmp_path)
    (tmp_path / "code" / "paused.py").write_text(PAUSED)
    (tmp_path / "models" / "model").write_text("nothing is read from here")
    made = Package(tmp_path, make_manifest(schema, serve=serve), frame, model=None)
    limits = {"MODEL_MAX_QUEUE": "1", "MODEL_DEADLINE_SECONDS": "0.1"}
    with model_process(made, limits, tmp_path) as running:
        loaded = Loaded(made, limits, running)
        yield loaded
        loaded.close()


def while_busy(loaded: Loaded, then: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``then`` while the model is at a request that lasts until ``then`` ends."""

    async def both() -> None:
        running = asyncio.create_task(loaded.ask(body_of([{"code": 9}])))
        while not (loaded.code / "began").exists():
            await asyncio.sleep(0.01)
        try:
            await then()
        finally:
            (loaded.code / "released").touch()
        assert predictions(await running) == [{"prediction": "good", "flags": []}]

    loaded.run(both())


def test_a_small_request_has_one_answer_inline_and_in_turn(
    compiled: Loaded, package: Package
) -> None:
    assert compiled.pipeline.may_predict_inline
    inline, waited = compiled.inline([ROW]), compiled.answer([ROW])
    assert inline is not None
    assert inline.response == waited.response
    frame = pd.DataFrame([ROW])
    found = predictions(inline)[0]
    assert found["prediction"] == package.model.predict(frame)[0]
    expected = package.model.predict_proba(frame)[0].tolist()
    assert list(found["probabilities"].values()) == pytest.approx(expected, rel=1e-12)
    assert (inline.batch.compiled, waited.batch.compiled) == (1, 1)
    assert compiled.stages() == (2, 2)


def test_what_is_not_answered_inline_is_not_counted_there(compiled: Loaded) -> None:
    large = [ROW] * (MIN_LARGE_BYTES // 20)
    assert compiled.inline(large) is None
    assert compiled.inline([OUTSIDE] * 2_000) is None
    assert compiled.stages() == (0, 0)


def test_a_model_without_a_compiled_form_is_never_asked_inline(native: Loaded) -> None:
    assert not native.pipeline.may_predict_inline
    assert native.inline([{"code": 0}]) is None
    assert native.stages() == (0, 0)


def test_a_large_request_is_answered_as_its_rows_one_by_one(compiled: Loaded) -> None:
    rows = [{**ROW, "carat": place / 1_000, "color": "DEFGZ"[place % 5]} for place in range(1_500)]
    assert len(body_of(rows)) > MIN_LARGE_BYTES
    found = predictions(compiled.answer(rows))
    assert len(found) == 1_500
    for place in range(0, 1_500, 101):
        alone = predictions(compiled.answer([rows[place]]))[0]
        assert found[place]["prediction"] == alone["prediction"]
        assert found[place]["flags"] == alone["flags"]
        assert found[place]["probabilities"] == pytest.approx(alone["probabilities"], rel=1e-12)


@pytest.mark.parametrize("count", [1, 4_000])
def test_a_row_that_cannot_be_taken_is_named_and_counted_as_validated_alone(
    compiled: Loaded, count: int
) -> None:
    error = compiled.error([*[ROW] * count, {**ROW, "carat": "heavy"}])
    assert (error.status, error.code) == (422, "invalid_row")
    assert (error.details["row"], error.details["column"]) == (count, "carat")
    assert compiled.stages() == (1, 0)


def test_inline_refuses_what_cannot_be_taken_as_the_lane_does(compiled: Loaded) -> None:
    with pytest.raises(RequestError) as raised:
        compiled.pipeline.predict_inline(ADAPTER, b"{", {})
    assert (raised.value.status, raised.value.code) == (400, "unreadable_json")
    assert compiled.stages() == (1, 0)


def test_an_answer_beyond_the_bound_is_refused_before_the_model_is_asked(compiled: Loaded) -> None:
    most = 50_000 // 11  # eight values a row, and its three classes
    error = compiled.error([{**ROW, "tables": 55}] * (most + 1))
    assert (error.status, error.code) == (413, "too_large")
    assert error.details["expected"] == f"at most {most} rows a request"
    assert compiled.stages() == (1, 0)


def test_columns_beside_the_models_are_counted_once(compiled: Loaded) -> None:
    compiled.inline([{**ROW, "order": 7, "of": 8}])
    name = "model_extra_columns_total"
    assert compiled.registry.get_sample_value(name, compiled.labels) == 2


@pytest.mark.parametrize("before", [1, 7_000])
def test_a_row_on_which_the_model_raises_is_the_clients_fault(native: Loaded, before: int) -> None:
    error = native.error([*[{"code": 0}] * before, {"code": 2}], seconds=20)
    assert (error.status, error.code) == (422, "model_refused_row")
    assert error.details["row"] == before
    assert SECRET not in str(error.response().body)


def test_a_broken_model_is_no_clients_fault_and_keeps_its_message_to_itself(
    native: Loaded,
) -> None:
    error = native.error([{"code": 3}])
    assert (error.status, error.code, error.message) == (
        500,
        "model_failed",
        "model diamonds raised an error",
    )
    assert SECRET not in str(error.response().body)


def test_beyond_the_queue_a_request_is_told_at_once_when_to_come_again(native: Loaded) -> None:
    async def full() -> None:
        with pytest.raises(RequestError) as raised:
            await native.ask(body_of([{"code": 0}]))
        assert (raised.value.status, raised.value.code) == (503, "overloaded")
        assert raised.value.headers == {"Retry-After": "1"}

    while_busy(native, full)


def test_a_model_that_outlasts_every_deadline_is_stuck_until_it_ends(native: Loaded) -> None:
    assert not native.pipeline.stuck
    assert native.error([{"code": 9}], seconds=0.1).code == "deadline"
    assert native.pipeline.stuck
    (native.code / "released").touch()
    until = time.monotonic() + 60
    while native.pipeline.stuck:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("row", "count", "seconds"), [(9, 1, 0.05), (9, 7_000, 0.05), (0, 7_000, -1)]
)
def test_no_answer_comes_after_the_deadline(
    native: Loaded, row: int, count: int, seconds: float
) -> None:
    error = native.error([{"code": row}] * count, seconds)
    assert (error.status, error.code) == (504, "deadline")
    assert error.message == "no answer of model diamonds within 0.1 s"


@pytest.mark.parametrize("count", [1, 7_000])
def test_a_client_that_goes_away_ends_its_wait(native: Loaded, count: int) -> None:
    body = body_of([{"code": 9}] * count)
    with pytest.raises(DisconnectedError):
        native.run(native.ask(body, receive=gone))


def test_the_error_of_a_large_request_holds_none_of_its_rows(compiled: Loaded) -> None:
    error = compiled.error([*[ROW] * 4_000, {**ROW, "carat": "heavy"}])
    assert error.__cause__ is error.__context__ is None


def test_closing_writes_what_was_counted(compiled: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = compiled.inline([ROW])
    assert answer is not None
    compiled.predictor.observer.observe(answer.batch)
    compiled.pipeline.close()
    labels = {**compiled.labels, "form": "compiled"}
    assert compiled.registry.get_sample_value("model_rows_total", labels) == 1
