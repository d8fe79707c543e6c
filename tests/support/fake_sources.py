"""An Alertmanager and a Prometheus of the API's shapes, whose answers a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from packager.tracker.core.moments import format_moment


@dataclass
class FakeAlertmanager:
    """Holds ``alerts`` by fingerprint since ``started_at``; ``broken``: answers 500."""

    started_at: float = 0.0
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    silences: list[dict[str, Any]] = field(default_factory=list)
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def hold(
        self, name: str, start: float, silenced_by: tuple[str, ...] = (), **labels: str
    ) -> None:
        """Hold an alert about the input ``name``."""
        self.alerts[f"f-{name}"] = {
            "fingerprint": f"f-{name}",
            "labels": {"alertname": "FeatureDrift", "model": "shop", "feature": name, **labels},
            "annotations": {},
            "startsAt": format_moment(start),
            "status": {
                "state": "suppressed" if silenced_by else "active",
                "silencedBy": list(silenced_by),
                "inhibitedBy": [],
            },
        }

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """The answer of the API."""
        self.asked.append(path)
        if self.broken:
            return None
        return {
            "/api/v2/status": {"uptime": format_moment(self.started_at)},
            "/api/v2/alerts": list(self.alerts.values()),
            "/api/v2/silences": self.silences,
        }[path]


@dataclass
class FakePrometheus:
    """Answers a query with the value of the first of ``answers`` whose text is in it."""

    answers: dict[str, list[tuple[dict[str, str], float]]] = field(default_factory=dict)
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """The answer of the API."""
        text = query["query"][0]
        self.asked.append(text)
        if self.broken:
            return None
        found = next((value for name, value in self.answers.items() if name in text), [])
        if path.endswith("query_range"):
            end, step = float(query["end"][0]), float(query["step"][0])
            times = [end - step * back for back in range(10, -1, -1)]
            result = [
                {"metric": labels, "values": [[at, str(value)] for at in times]}
                for labels, value in found
            ]
        else:
            result = [{"metric": labels, "value": [1.0, str(value)]} for labels, value in found]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}


@contextmanager
def answering(answer: Callable[[str, dict[str, list[str]]], Any]) -> Iterator[str]:
    """A server on 127.0.0.1 that answers JSON, or 500 for None; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found = answer(parts.path, parse_qs(parts.query))
            body = json.dumps(found).encode()
            self.send_response(500 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
