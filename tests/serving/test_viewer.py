"""BentoML's application: built at its first request, once, beside other requests."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from packager.errors import PackageError
from serving.viewer import DeferredApp


class Inner:
    """An application that notes what it gets."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            self.told.append(scope["path"])
            return
        while True:
            message = await receive()
            self.told.append(message["type"])
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


async def ask(app: DeferredApp, path: str) -> None:
    await app({"type": "http", "path": path}, None, None)  # type: ignore[arg-type]


def test_it_is_built_once_in_a_thread_and_ends_with_the_server() -> None:
    inner, threads = Inner(), []

    def build() -> Inner:
        threads.append(threading.current_thread())
        return inner

    async def scenario() -> None:
        app = DeferredApp(build)
        assert threads == []
        await asyncio.gather(ask(app, "/a"), ask(app, "/b"))
        await ask(app, "/c")
        await app.close()

    asyncio.run(scenario())
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    assert inner.told == ["lifespan.startup", "/a", "/b", "/c", "lifespan.shutdown"]


def test_without_a_request_nothing_is_built() -> None:
    asyncio.run(DeferredApp(lambda: pytest.fail("it was built")).close())


def test_an_unsupported_version_fails_the_request_and_is_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def build() -> Inner:
        raise PackageError("bentoml 9: expected a part, got none", "build again")

    async def scenario() -> None:
        app = DeferredApp(build)
        for _ in range(2):
            with pytest.raises(PackageError):
                await ask(app, "/a")
        await app.close()

    asyncio.run(scenario())
    assert caplog.text.count("bentoml 9: expected a part") == 1


def test_a_lifespan_that_fails_is_no_reason_not_to_ask() -> None:
    told = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan")
        told.append(scope["path"])

    async def scenario() -> None:
        app = DeferredApp(lambda: inner)
        await ask(app, "/a")
        await app.close()

    asyncio.run(scenario())
    assert told == ["/a"]
