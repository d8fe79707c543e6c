"""Servers that send arbitrary answers to ``package drift``, ``bench`` and the client."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.client import Client, fetch
from packager.errors import PackageError, UsageError
from packager.replicas.counters import (
    MAX_SERIES,
    CounterTotals,
    ModelSelector,
    query_prometheus,
    scrape_replicas,
)
from packager.run.bench.counters import Counters

ANY = ModelSelector(None, None)
INFO = b'model_package_info{model="m",version="1-a",digest="d"} 1\n'
Send = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def sending(send: Send) -> Iterator[str]:
    """The address of a server that does this with each GET."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                send(self)
            except OSError:
                self.close_connection = True  # the client went away, as it should

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def body(content: bytes, status: int = 200, **headers: str) -> Send:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


@contextmanager
def posting(content: bytes, status: int = 200) -> Iterator[str]:
    """The address of a server that answers each request with ``content``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body(content, status)(self)

        def do_GET(self) -> None:
            body(content, status)(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(INFO * 10_000)


def dripping_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"#")
        handler.wfile.flush()
        time.sleep(0.05)


def dripping_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    dripping_body_of(handler)


def dripping_body_of(handler: BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def drift(url: str) -> CounterTotals:
    return scrape_replicas([f"{url}/metrics"], ANY)


def prometheus(url: str) -> CounterTotals:
    return query_prometheus(url, "1d", ANY)


def metrics(url: str) -> str:
    with Client(url) as client:
        return client.metrics()


EVERY = pytest.mark.parametrize("ask", [drift, prometheus, metrics])


@EVERY
def test_an_endless_answer_ends_at_a_number_of_bytes(
    ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("packager.client.exchanges", "packager.replicas.counters"):
        monkeypatch.setattr(f"{module}.MAX_METRICS_BYTES", 4 << 20)
    with sending(endless) as url, pytest.raises(PackageError, match="at most 4 MiB, got a larger"):
        ask(url)


@EVERY
@pytest.mark.parametrize("send", [dripping_body, dripping_head])
def test_an_answer_that_drips_ends_at_a_deadline(
    ask: Callable[[str], object], send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.client.client.MAX_ANSWER_FACTOR", 0.02)
    monkeypatch.setattr(fetch.fetch, "__defaults__", (0.6,))
    with sending(send) as url, pytest.raises(PackageError, match="s, got none that ended"):
        ask(url)


@EVERY
def test_a_compressed_answer_is_not_unpacked(ask: Callable[[str], object]) -> None:
    bomb = gzip.compress(b"a" * (64 << 20))
    with (
        sending(body(bomb, Content_Encoding="gzip")) as url,
        pytest.raises(PackageError, match="not compressed, got one in 'gzip'"),
    ):
        ask(url)


@EVERY
@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://127.0.0.1:1/", "//other/x"])
def test_no_redirect_is_followed(ask: Callable[[str], object], target: str) -> None:
    with (
        sending(body(b"", 302, Location=target)) as url,
        pytest.raises(PackageError, match="expected status 200, got 302"),
    ):
        ask(url)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "x", "http://"])
def test_only_http_is_queried(address: str) -> None:
    with pytest.raises(UsageError, match="expected an address"):
        scrape_replicas([address], ANY)
    with pytest.raises(UsageError, match="expected an address"):
        query_prometheus(address, "1d", ANY)
    with pytest.raises(UsageError, match="expected an address"):
        Client(address)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        b'model_slice_predictions_total{slice="a"} NaN\n',
        b'model_slice_predictions_total{slice="a"} +Inf\n',
        b'model_feature_reference_rows{feature="a",bin="b"} -1\n',
        b'model_slice_predictions_total{slice="a"} 1_0\n',
        b'model_slice_predictions_total{slice="a"} \xd9\xa1x\n',
        b"<html><script>alert(1)</script></html>\n",
        b"\xff\xfe\x00\n",
        b'model_slice_predictions_total{slice="a"} ' + b"1" * 400 + b"\n",
        b"# TYPE x nonsense\n",
        b"# TYPE x\n",
        b"x{\n",
        b'x{a="b\n',
        b"x{a}\n",
        b"{} 1\n",
        b"x{,,} 1\n",
        b"x{" + b'\\"' * 10_000 + b"} 1\n",
        pytest.param(INFO * (MAX_SERIES + 1), marks=pytest.mark.long),
    ],
)
@pytest.mark.sample(6)
def test_what_are_no_counts_is_refused(line: bytes) -> None:
    with (
        sending(body(INFO + line)) as url,
        pytest.raises(PackageError, match="expected metrics, got other content"),
    ):
        drift(url)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"data": 3},
        {"data": {"result": {"a": 1}}},
        {"data": {"result": [{"metric": {"model": 3}, "value": [0, "1"]}]}},
        {"data": {"result": [{"metric": [], "value": [0, "1"]}]}},
        {"data": {"result": [{"metric": {}, "value": [0, "NaN"]}]}},
        {"data": {"result": [{"metric": {}, "value": [0, "many"]}]}},
        {"data": {"result": [{"metric": {}, "value": [0]}]}},
        {"data": {"result": [{"metric": {}, "value": [0, "-1"]}] * 2}},
    ],
)
def test_what_is_no_answer_of_prometheus_is_refused(document: object) -> None:
    with (
        sending(body(json.dumps(document).encode())) as url,
        pytest.raises(PackageError, match="expected Prometheus' answer to a query"),
    ):
        prometheus(url)


def test_an_answer_nested_without_end_is_refused() -> None:
    with (
        sending(body(b"[" * 1_000_000)) as url,
        pytest.raises(PackageError, match="expected Prometheus' answer to a query"),
    ):
        prometheus(url)


def test_labels_of_a_stranger_steer_no_terminal_and_fill_no_screen() -> None:
    long, steering = "x" * 10_000, "\x1b[2J\u202eevil\x07"
    lines = [
        f'model_package_info{{model="{steering}",version="1-a"}} 1',
        f'model_slice_predictions_total{{model="{steering}",version="1-a",slice="{steering}"}} 1',
        f'model_slice_predictions_total{{model="{steering}",version="1-a",slice="{long}"}} 1',
        f'model_drift_excluded_features{{model="{steering}",version="1-a",feature="{steering}",'
        f'reason="{steering}"}} 1',
    ]
    with sending(body("\n".join(lines).encode())) as url:
        done = CliRunner().invoke(app, ["drift", f"{url}/metrics"])
    assert done.exit_code == 0, done.output
    assert "\\x1b[2J" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert len(done.stdout) < 5_000


@pytest.mark.parametrize("value", ["NaN", "-1", "Inf"])
def test_bench_takes_no_counters_that_are_none(value: str) -> None:
    text = f'model_stage_duration_seconds_sum{{stage="read"}} {value}\n'
    with pytest.raises(PackageError, match="http://a/metrics: expected counters of a package"):
        Counters.of(text, "http://a/metrics")


def test_the_address_may_ask_for_a_key(tmp_path: object) -> None:
    def guarded(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("Authorization") == "Bearer first"
        body(INFO if known else b"", 200 if known else 401)(handler)

    with sending(guarded) as url:
        with pytest.raises(PackageError, match="it requires a key") as told:
            drift(url)
        assert "--key-file" in told.value.hint
        assert scrape_replicas([url], ANY, key="first").model == "m"


def rejected(*found: object) -> dict[str, object]:
    return {"accepted": 0, "skipped": 0, "rejected": list(found)}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"accepted": "1", "skipped": 0, "rejected": []},
        {"accepted": -1, "skipped": 2, "rejected": []},
        {"accepted": 2, "skipped": 0, "rejected": []},
        {"accepted": 1, "skipped": 0, "rejected": "x"},
        rejected({"index": 1, "reason": "x"}),
        rejected({"index": -1, "reason": "x"}),
        rejected({"index": 0.0, "reason": "x"}),
        rejected({"index": 0, "reason": {}}),
        rejected("x"),
        rejected(*[{"index": 0, "reason": "x"}] * 9),
    ],
)
def test_what_is_no_account_of_labels_is_refused(document: object) -> None:
    said = pytest.raises(PackageError, match=r"/feedback: expected .*, got another answer")
    with posting(json.dumps(document).encode()) as url, Client(url) as client, said:
        client.feedback([("token", 1)])


@pytest.mark.parametrize(
    "found",
    [
        1,
        {},
        {"prediction": 1, "probabilities": [1]},
        {"prediction": 1, "probabilities": {"a": "1"}},
        {"prediction": 1, "flags": 3},
        {"prediction": 1, "token": 5},
    ],
)
def test_what_is_no_prediction_is_refused(found: object) -> None:
    content = json.dumps({"predictions": [found]}).encode()
    said = pytest.raises(PackageError, match=r"/predict: expected .*, got another answer")
    with posting(content) as url, Client(url) as client, said:
        client.predict([{"a": 1}])


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (400, b'{"error":{"message":"no","row":[1]}}', "no"),
        (400, b'{"error":{"message":{},"row":1}}', "expected status 200, got 400"),
        (400, b'{"error":"no"}', "expected status 200, got 400"),
        (500, b"[" * 200_000, "expected status 200, got 500"),
        (200, b"[" * 200_000, "expected JSON, got"),
        (413, b'{"error":{"message":"%s"}}' % (b"x" * 100_000), "x{1999}\u2026$"),
    ],
)
def test_an_error_of_any_content_is_told_in_short(status: int, content: bytes, told: str) -> None:
    said = pytest.raises(PackageError, match=told)
    with posting(content, status) as url, Client(url) as client, said as caught:
        client.feedback([("token", 1)])
    assert len(caught.value.message) <= 2_100
