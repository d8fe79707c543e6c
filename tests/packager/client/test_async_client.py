"""The client with an event loop answers and fails as the one without."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from answering_server import Answer, answering

from packager import AsyncClient, Client
from packager.errors import PackageError

pytestmark = pytest.mark.slow

DONE = {"predictions": [{"prediction": 1, "flags": []}]}


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except PackageError as error:
        return type(error), error.message, error.hint


def both(url: str, act: str, *given: Any, key: str | None = None) -> tuple[Any, Any]:
    """What the clients return or raise."""

    async def later() -> Any:
        async with AsyncClient(url, key=key, timeout=60) as client:
            return await getattr(client, act)(*given)

    def now() -> Any:
        with Client(url, key=key, timeout=60) as client:
            return getattr(client, act)(*given)

    return outcome(lambda: asyncio.run(later())), outcome(now)


@pytest.mark.parametrize(
    ("answer", "act", "given"),
    [
        ((200, {}, json.dumps(DONE).encode()), "predict", ([{"a": 1}],)),
        ((200, {}, b'{"name": "x"}'), "schema", ()),
        ((200, {}, b"a 1\n"), "metrics", ()),
        ((200, {}, b""), "ready", ()),
        ((503, {"Retry-After": "0"}, b"{}"), "ready", ()),
        ((503, {"Retry-After": "0"}, b"{}"), "schema", ()),
        (
            (422, {}, b'{"error": {"code": "c", "message": "row 0: no", "row": 0}}'),
            "predict",
            ([{}],),
        ),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "schema", ()),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "schema", ()),
        ((200, {}, b"<html>"), "package", ()),
        ((200, {}, b'{"accepted": 1, "rejected": [], "skipped": 0}'), "feedback", ([("t", 1)],)),
    ],
)
def test_both_clients_make_the_same_of_an_answer(answer: Answer, act: str, given: Any) -> None:
    with answering(lambda *_: answer) as url:
        later, now = both(url, act, *given)
    assert later == now


def test_the_key_is_sent_and_a_server_that_is_gone_is_named() -> None:
    seen = []

    def answer(path: str, _body: bytes, headers: dict[str, str]) -> Answer:
        seen.append((headers["Authorization"], headers["Accept-Encoding"]))
        return 200, {}, b"{}"

    with answering(answer) as url:
        both(url, "schema", key="secret")
    assert seen == [("Bearer secret", "identity")] * 2
    later, now = both(url, "schema")
    assert (
        later
        == now
        == (
            PackageError,
            f"{url}/schema: expected an answer, got no connection",
            "check the address, and that the server runs",
        )
    )


def test_a_large_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda *_: (200, {}, b"x" * (33 << 20))) as url:
        later, now = both(url, "metrics")
    assert later == now
    assert "of at most 32 MiB" in later[1]


def test_calls_at_a_time() -> None:
    barrier = threading.Barrier(8, timeout=60)

    def answer(path: str, _body: bytes, headers: dict[str, str]) -> Answer:
        barrier.wait()
        return 200, {}, json.dumps(DONE).encode()

    async def many(url: str) -> list[Any]:
        async with AsyncClient(url) as client:
            return await asyncio.gather(*(client.predict([{}]) for _ in range(8)))

    with answering(answer) as url:
        assert len(asyncio.run(many(url))) == 8
