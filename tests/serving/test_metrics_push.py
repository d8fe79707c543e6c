"""A server that pushes its counters: the same samples as ``/metrics``, to its very end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from otlp_receiver import Receiver, Series, receiver, scraped_series
from real_prometheus import prometheus
from serving_helpers import Package, Server, start, wait_ready

from monitoring.slices.slices import SliceSet
from packager.deploy.monitoring import model_rules
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives

pytestmark = pytest.mark.server

ROW = {"carat": 0.5, "color": "D", "tables": 55, "shop": "north"}
OWN = ("model_metrics_push",)


@contextmanager
def serving(package: Package, folder: Path, url: str, **environment: str) -> Iterator[Server]:
    server = start(
        package, folder, MODEL_METRICS_PUSH=url, MODEL_METRICS_PUSH_SECONDS="1", **environment
    )
    try:
        wait_ready(server)
        yield server
    finally:
        server.stop()


def scraped(server: Server) -> Series:
    server.wait_counted()
    return scraped_series(server.get("/metrics").body.decode())


def others(series: Series) -> Series:
    """Without what pushes and scrapes themselves count."""
    return {
        (name, labels): value
        for (name, labels), value in series.items()
        if not name.startswith(OWN) and ("route", "other") not in labels
    }


def predictions(series: Series) -> float:
    return sum(value for (name, _), value in series.items() if name == "model_predictions_total")


def test_the_samples_are_those_of_a_scrape(package: Package, tmp_path: Path) -> None:
    with receiver() as one, serving(package, tmp_path, one.url, MODEL_WORKERS="2") as server:
        for _ in range(20):
            assert server.predict([ROW, ROW]).status == 200
        assert predictions(scraped(server)) == 40
        # Gauges go on: a model process becomes ready meanwhile.
        one.until(lambda it: others(it.pushed[-1].series()) == others(scraped(server)))
        resource = one.pushed[-1].resource
        assert resource["service.name"] == "diamonds"
        assert resource["service.version"] == package.manifest.tag
        assert len({pushed.resource["service.instance.id"] for pushed in one.pushed}) == 1
        assert server.metric("model_metrics_pushes_total", outcome="sent") >= 1
        last = server.metric("model_metrics_push_last_success_timestamp_seconds")
        assert abs(time.time() - last) < 60


def test_what_was_counted_until_sigterm_is_pushed(package: Package, tmp_path: Path) -> None:
    with receiver() as one:
        server = start(
            package, tmp_path, MODEL_METRICS_PUSH=one.url, MODEL_METRICS_PUSH_SECONDS="300"
        )
        try:
            wait_ready(server)
            one.until(lambda it: len(it.pushed) >= 1)  # all counters at 0
            assert predictions(one.pushed[0].series()) == 0
            for _ in range(7):
                assert server.predict([ROW]).status == 200
        finally:
            assert server.stop() == 0
        assert [pushed.ends for pushed in one.pushed] == [False, False, True]
        assert predictions(one.pushed[1].series()) == 7
        assert one.most_open == 1


def test_a_receiver_that_says_nothing_hinders_neither_requests_nor_the_end(
    package: Package, tmp_path: Path
) -> None:
    def silent(_: Receiver) -> tuple[int, dict[str, str], bytes]:
        time.sleep(60)
        return 200, {}, b""

    with receiver(silent) as one, serving(package, tmp_path, one.url) as server:
        one.until(lambda it: len(it.pushed) >= 1)
        for _ in range(20):
            assert server.predict([ROW]).status == 200
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 50  # the receiver takes 60


@pytest.mark.long
def test_a_push_process_that_was_killed_is_replaced(package: Package, tmp_path: Path) -> None:
    with receiver() as one, serving(package, tmp_path, one.url) as server:
        one.until(lambda it: len(it.pushed) >= 2)
        os.kill(push_process(server), signal.SIGKILL)
        count = len(one.pushed)
        one.until(lambda it: len(it.pushed) >= count + 2)
        assert len({pushed.resource["service.instance.id"] for pushed in one.pushed}) == 1
        before, after = one.pushed[count - 1].series(), one.pushed[-1].series()
        name = "model_metrics_pushes_total"
        assert all(value >= before[key] for key, value in after.items() if key[0] == name)


def push_process(server: Server) -> int:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        parent = int(text[text.rindex(")") + 2 :].split()[1])
        if parent == server.process.pid and name.startswith("push proc"):
            return int(path.parent.name)
    raise AssertionError("no push process")


@contextmanager
def exposed(one: Receiver) -> Iterator[str]:
    """The last push as Prometheus's receiver would store it, for a scrape; yields ``host:port``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = [
                f"{name}{{{','.join(f'{key}={json.dumps(text)}' for key, text in labels)}}} {value}"
                for (name, labels), value in one.pushed[-1].series().items()
            ]
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(("\n".join(lines) + "\n").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus here")
def test_the_rules_record_the_same_series_of_pushed_samples(
    package: Package, tmp_path: Path
) -> None:
    """A whole bound is ``le="1.0"`` in a scrape, and ``le="1"`` after Prometheus's receiver."""
    model = MonitoredModel(
        "diamonds",
        package.manifest.tag,
        "classification",
        SliceSet(package.manifest.slices.columns, package.manifest.slices.rules).names,
        ("carat", "color", "tables"),
        Objectives(latency_seconds=1.0),
        options=AlertOptions(pushed=True),
    )
    rules = model_rules(model)
    folders = [tmp_path / name for name in ("scraped", "pushed")]
    for folder in folders:
        folder.mkdir()
    with (
        receiver() as one,
        serving(package, tmp_path, one.url) as server,
        exposed(one) as pushed,
    ):
        one.until(lambda it: len(it.pushed) >= 1)
        jobs = ({"diamonds": [f"127.0.0.1:{server.port}"]}, {"diamonds": [pushed]})
        with (
            prometheus(folders[0], jobs[0], rules) as first,
            prometheus(folders[1], jobs[1], rules) as second,
        ):
            for asked in (first, second):
                asked.until("model_package_info")
            for _ in range(40):
                assert server.predict([ROW]).status == 200
            every = '{__name__=~".+:.+"}'

            def recorded() -> list[set[frozenset[tuple[str, str]]]]:
                return [
                    {
                        frozenset({**labels, "instance": ""}.items())
                        for labels, _ in asked.ask(every)
                    }
                    for asked in (first, second)
                ]

            second.until("increase(model_predictions_total[1m]) > 0", 60)
            end = time.monotonic() + 60
            while (found := recorded())[0] != found[1] or len(found[0]) < 50:
                assert time.monotonic() < end, found[0] ^ found[1]
                time.sleep(0.5)
            names = {dict(one)["__name__"] for one in found[1]}
            assert any("slow" in name and "ratio" in name for name in names)
            assert second.ask('ALERTS{alertname="TargetDown"}') == []
