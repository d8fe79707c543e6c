"""The application without a server, for conditions that a server can't be brought into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from serving.app import App
from serving.http.messages import Response
from serving.http.pending_answer import RawResponse
from serving.request import LoadedPackage
from serving.routes import READY
from serving.settings import Settings


def test_an_answer_that_can_not_be_counted_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "no space left")

    settings = Settings.from_environment({})
    app = App(None, settings, None)  # type: ignore[arg-type]
    adapter = SimpleNamespace(route="/predict")
    found: Any = SimpleNamespace(
        direct={b"/predict": ("/predict", adapter)},
        check=lambda *_: None,
        readiness=READY,
        template=lambda path: path,
    )
    answered = SimpleNamespace(response=Response(200, b"{}"), batch=None)
    pipeline: Any = SimpleNamespace(may_predict_inline=True, predict_inline=lambda *_: answered)
    recorder: Any = SimpleNamespace(answered=full)
    app._handler.loaded = LoadedPackage(found, pipeline, recorder, None)
    written = app.direct(b"/predict", {b"content-length": b"2"}, b"{}")
    assert isinstance(written, RawResponse)
    assert (written.status, written.body) == (200, b"{}")
    assert "an answer was not counted" in caplog.text
