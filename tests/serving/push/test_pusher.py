"""Which pushes follow which answers, against real sockets."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from otlp_receiver import Answer, Receiver, receiver, refusing, taken
from prometheus_client import CollectorRegistry, generate_latest
from registries import make_certificates

from monitoring.metrics.pushes import PushCounts
from monitoring.metrics.registry import Series
from monitoring.otlp.export_request import Resource
from serving.push import pusher
from serving.push.pusher import MetricsPusher
from serving.push.receiver import MetricsPushResult
from serving.push.settings import PushSettings

RESOURCE = Resource("shop", "1.0.0-3f9c12ab45de", "one")
TEXT = """\
# HELP model_package_info Package.
# TYPE model_package_info gauge
model_package_info{model="shop"} 1.0
# HELP model_rows_total Rows.
# TYPE model_rows_total counter
model_rows_total{model="shop"} %d
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pusher, "FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(pusher, "START_SECONDS", 0.02)


class Pushing:
    """A pusher of a text that counts its readings."""

    def __init__(self, url: str, seconds: float = 0.1, headers: Path | None = None) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.read = 0
        self.absent = 0
        counts = PushCounts(Series("shop", "1", registry))
        settings = PushSettings(url, seconds, headers)
        self.pusher = MetricsPusher(settings, RESOURCE, time.time_ns(), self.text, counts)

    def text(self) -> str:
        self.read += 1
        return "" if self.read <= self.absent else TEXT % self.read

    async def during(self, wanted: Callable[[], bool]) -> None:
        """Push until something is so, and then to the end."""
        ended = asyncio.Event()
        running = asyncio.create_task(self.pusher.run(ended))
        until = time.monotonic() + 30
        while not wanted():
            assert time.monotonic() < until
            await asyncio.sleep(0.01)
        ended.set()
        await asyncio.wait_for(running, 30)

    def counted(self, outcome: str) -> float:
        labels = {"model": "shop", "version": "1", "outcome": outcome}
        value = self.registry.get_sample_value("model_metrics_pushes_total", labels)
        assert value is not None
        return value


def rows(one: Receiver) -> list[float]:
    return [
        value
        for pushed in one.pushed
        for (name, _), value in pushed.series().items()
        if name == "model_rows_total"
    ]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def statuses(*codes: int, **headers: str) -> Answer:
    """These statuses, and then 200."""
    left = list(codes)

    def answer(one: Receiver) -> tuple[int, dict[str, str], bytes]:
        return (left.pop(0), headers, b"later") if left else (200, {}, b"")

    return answer


def test_counters_grow_from_push_to_push_and_the_last_one_ends_the_series() -> None:
    with receiver() as one:
        pushing = Pushing(one.url)
        run(pushing.during(lambda: len(one.pushed) >= 3))
        *values, last = rows(one)
        assert values == sorted(set(values))
        assert last == 0  # no value
        assert [pushed.ends for pushed in one.pushed] == [False] * len(values) + [True]
        times = [pushed.points[0][1].time_unix_nano for pushed in one.pushed]
        assert times == sorted(set(times))
        starts = {p.start_time_unix_nano for pushed in one.pushed for m, p in pushed.points
                  if m.name == "model_rows_total"}  # fmt: skip
        assert len(starts) == 1
        assert one.most_open == 1
        assert pushing.counted("sent") == len(values)
        headers = one.pushed[0].headers
        assert headers["content-type"] == "application/x-protobuf"
        assert headers["content-encoding"] == "gzip"


def test_nothing_is_pushed_before_a_worker_has_loaded_the_package() -> None:
    with receiver() as one:
        pushing = Pushing(one.url)
        pushing.absent = 3
        run(pushing.during(lambda: len(one.pushed) >= 1))
        assert rows(one)[0] >= 4
        early = Pushing(one.url)
        early.absent = 10**6
        before = len(one.pushed)
        run(early.during(lambda: early.read > 2))
        assert len(one.pushed) == before


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_asks_for_patience_gets_the_newest_counts_later(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with receiver(statuses(status, status)) as one:
        pushing = Pushing(one.url, seconds=300)
        run(pushing.during(lambda: len(one.pushed) >= 3))
        assert pushing.counted("failed") == 2
        assert pushing.counted("sent") == len(one.pushed) - 3  # but the end
    told = [record.getMessage() for record in caplog.records if "pushed" in record.getMessage()]
    assert told == [
        f"metrics pushed to {one.url} are not all taken: expected status 200, got {status}: later",
        f"metrics are pushed to {one.url} every 300 s again; no count is lost",
    ]


def test_retry_after_is_waited_for() -> None:
    with receiver(statuses(503, **{"retry-after": "1"})) as one:
        run(Pushing(one.url, seconds=300).during(lambda: len(one.pushed) >= 2))
        assert one.pushed[1].at - one.pushed[0].at >= 1


def test_a_refusal_is_tried_again_only_at_the_next_interval(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiver(statuses(*[401] * 100)) as one:  # a failure would be tried again after 0.05 s
        pushing = Pushing(one.url, seconds=300)
        run(pushing.during(lambda: bool(one.pushed) and time.monotonic() > one.pushed[0].at + 0.5))
        assert len(one.pushed) == 2  # the first one and the last values
        assert pushing.counted("refused") == 2
    assert len([r for r in caplog.records if "not all taken" in r.getMessage()]) == 1


@pytest.mark.parametrize(("took", "pause"), [(0.0, 15.0), (4.0, 11.0), (20.0, 0.1)])
def test_the_pause_after_a_refusal_ends_with_the_interval(took: float, pause: float) -> None:
    refusal = MetricsPushResult("refused", "expected status 200, got 401")
    assert Pushing("http://127.0.0.1:9", seconds=15).pusher.pause_after(refusal, took) == pause


def test_samples_that_the_receiver_drops_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(refusing(7)) as one:
        pushing = Pushing(one.url)
        run(pushing.during(lambda: len(one.pushed) >= 2))
        assert pushing.counted("partial") >= 2
    assert "the receiver refused 7 samples" in caplog.text


def test_a_receiver_that_is_not_there_costs_nothing_but_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pushing = Pushing("http://127.0.0.1:9/v1/metrics")
    run(pushing.during(lambda: pushing.counted("failed") >= 3))
    assert "ConnectionRefusedError" in caplog.text
    assert len([r for r in caplog.records if "not all taken" in r.getMessage()]) == 1


def test_the_end_waits_for_a_silent_receiver_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pusher, "LAST_SECONDS", 0.5)

    over = threading.Event()

    def silent(_: Receiver) -> tuple[int, dict[str, str], bytes]:
        over.wait(60)
        return 200, {}, b""

    with receiver(silent) as one:
        pushing = Pushing(one.url)

        async def timed() -> float:
            await pushing.during(lambda: len(one.pushed) >= 1)
            return time.monotonic()

        began = time.monotonic()
        ended = asyncio.run(timed())
        over.set()
        assert ended - began < 40
        assert pushing.counted("failed") == 1


@pytest.mark.slow
def test_a_certificate_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with receiver(taken, context) as one:
        pushing = Pushing(one.url)
        run(pushing.during(lambda: pushing.counted("failed") >= 1))
        assert one.pushed == []
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        pushing = Pushing(one.url)
        run(pushing.during(lambda: pushing.counted("sent") >= 1))


def test_headers_are_read_again_for_each_push(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer first\n")
    with receiver() as one:
        pushing = Pushing(one.url, headers=file)

        def wanted() -> bool:
            if one.pushed:
                file.write_text("# rotated\nAuthorization: Bearer second\nX-Scope-OrgID: shop\n")
            return one.pushed != [] and "x-scope-orgid" in one.pushed[-1].headers

        run(pushing.during(wanted))
        assert one.pushed[0].headers["authorization"] == "Bearer first"
        assert one.pushed[-1].headers["authorization"] == "Bearer second"


def test_a_file_of_headers_that_became_wrong_is_told_without_its_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "headers"
    file.write_text("Bearer s3cret\n")
    with receiver() as one:
        pushing = Pushing(one.url, headers=file)
        run(pushing.during(lambda: pushing.counted("failed") >= 1))
        assert one.pushed == []
    assert "line 1: expected `Name: value`" in caplog.text
    assert "s3cret" not in caplog.text


def test_pauses_double_up_to_a_minute() -> None:
    one = Pushing("http://127.0.0.1:9/v1/metrics", seconds=30).pusher
    failed = MetricsPushResult("failed", "why")
    for failures, least, most in ((1, 0.04, 0.06), (5, 0.6, 1.0), (20, 48, 72), (1000, 48, 72)):
        one._failures = failures
        assert least <= one.pause_after(failed, 1.0) <= most
    assert one.pause_after(MetricsPushResult("failed", "why", retry_after=100.0), 0.0) == 100
    assert one.pause_after(MetricsPushResult("failed", "why", retry_after=1e9), 0.0) == 300
    assert one.pause_after(MetricsPushResult("sent"), 2.0) == 28
    assert one.pause_after(MetricsPushResult("refused", "why"), 40.0) == 0.1


def test_the_counters_exist_from_the_start() -> None:
    one = Pushing("http://127.0.0.1:9/v1/metrics")
    text = generate_latest(one.registry).decode()
    for outcome in ("sent", "partial", "refused", "failed"):
        assert f'outcome="{outcome}",version="1"}} 0.0' in text
    assert 'model_metrics_push_last_success_timestamp_seconds{model="shop",version="1"} 0.0' in text
