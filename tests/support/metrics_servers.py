"""Servers that answer with the metrics of a package."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from packager.replicas.counters import (
    ModelSelector,
)

ANY = ModelSelector(None, None)


BASE = {"model": "m", "version": "1-a"}


REFERENCE = {"low": 500, "middle": 300, "high": 200}


def line(name: str, value: float, **labels: str) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in {**BASE, **labels}.items())
    return f"{name}{{{inner}}} {value}"


def exposition(counts: dict[str, int], right: int = 80, wrong: int = 20, **more: str) -> str:
    lines = [line("model_package_info", 1, digest="d", **more)]
    for name, rows in REFERENCE.items():
        lines.append(line("model_feature_reference_rows", rows, feature="f", bin=name, **more))
    for name, rows in counts.items():
        lines.append(line("model_feature_observations_total", rows, feature="f", bin=name, **more))
    rows = sum(counts.values())
    lines += [
        line("model_slice_predictions_total", rows, slice="__all__", **more),
        line("model_feature_anomalies_total", rows / 10, feature="f", kind="missing", **more),
        line("model_feedback_total", right, slice="__all__", outcome="correct", **more),
        line("model_feedback_total", wrong, slice="__all__", outcome="incorrect", **more),
        line("model_slice_baseline_accuracy_ratio", 0.8, slice="__all__", **more),
        line("model_slice_baseline_effective_rows", 1_000, slice="__all__", **more),
    ]
    return "\n".join(["# HELP x y", "# TYPE x counter", *lines]) + "\n"


@contextmanager
def answering(*texts: str, status: int = 200) -> Iterator[list[str]]:
    """A server; yields one address for each of ``texts``, which it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(texts[int(self.path.strip("/").split("/")[0])].encode())

        def log_message(self, *arguments: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield [f"http://127.0.0.1:{server.server_port}/{i}" for i in range(len(texts))]
        finally:
            server.shutdown()
            thread.join()
