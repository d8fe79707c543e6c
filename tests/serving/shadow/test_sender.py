"""A worker's part of a shadow: what it samples, and what it drops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from monitoring.metrics.recorder import Batch
from monitoring.metrics.registry import Series
from monitoring.metrics.shadow import ShadowRowMetrics
from serving.shadow import sender
from serving.shadow.sampled import HEAD, SampledRequest
from serving.shadow.sender import ShadowSender

BODY = b'{"rows": []}'


def batch(rows: int) -> Batch:
    chances = np.full((rows, 2), 0.5)
    labels = ["a"] * rows
    return Batch([[1] * rows], labels, chances, [1] * rows, [()] * rows, {}, ["t"] * rows)


def run(
    folder: Path,
    share: float,
    act: Callable[[ShadowSender], Awaitable[None]],
    *,
    listen: bool = True,
) -> tuple[list[SampledRequest], Callable[[str], Any]]:
    """What arrived while ``act`` ran, and the counters by outcome."""
    registry = CollectorRegistry()
    metrics = ShadowRowMetrics(Series("m", "1", registry))
    found: list[SampledRequest] = []
    place = str(folder / "s")
    connected, ended = asyncio.Event(), asyncio.Event()

    async def received(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        try:
            while True:
                pickled, body = HEAD.unpack(await reader.readexactly(HEAD.size))
                told = await reader.readexactly(pickled)
                found.append(SampledRequest.read(told, await reader.readexactly(body)))
        except asyncio.IncompleteReadError:
            writer.close()
            ended.set()

    async def whole() -> None:
        server = await asyncio.start_unix_server(received, place) if listen else None
        one = ShadowSender(place, share, metrics)
        if server is not None:
            await asyncio.wait_for(connected.wait(), 30)
        await asyncio.sleep(0.05)  # the same loop ends the sender's side of the connection
        await act(one)
        await asyncio.sleep(0.05)  # so that what was handed on is written
        one.close()  # the rest of the buffer is sent first
        if server is not None:
            await asyncio.wait_for(ended.wait(), 30)
            server.close()

    asyncio.run(whole())
    labels = {"model": "m", "version": "1"}
    return found, lambda outcome: registry.get_sample_value(
        "model_shadow_rows_total", labels | {"outcome": outcome}
    )


def test_rows_are_sent_with_champions_answers(tmp_path: Path) -> None:
    async def act(one: ShadowSender) -> None:
        one.submit("/predict", {b"content-type": b"x", b"host": b"y"}, BODY, batch(2))

    (request,), counted = run(tmp_path, 1.0, act)
    chances = [[0.5, 0.5]] * 2
    headers = {b"content-type": b"x"}
    assert request == SampledRequest(
        "/predict", headers, BODY, [0, 1], ["a"] * 2, chances, ["t"] * 2
    )
    assert counted("dropped") == 0


def test_a_request_of_another_shadow_is_not_sent_on(tmp_path: Path) -> None:
    async def act(one: ShadowSender) -> None:
        one.submit("/predict", {b"x-model-shadow": b"1"}, BODY, batch(2))

    assert run(tmp_path, 1.0, act)[0] == []


def test_the_share_is_of_rows(tmp_path: Path) -> None:
    async def act(one: ShadowSender) -> None:
        one.submit("/predict", {}, BODY, batch(10_000))
        for _ in range(1_000):
            one.submit("/predict", {}, BODY, batch(1))

    found, _ = run(tmp_path, 0.2, act)
    assert 1_700 < len(found[0].indices) < 2_300
    assert 100 < sum(len(one.indices) for one in found[1:]) < 300


def test_without_a_shadow_process_rows_are_dropped(tmp_path: Path) -> None:
    async def act(one: ShadowSender) -> None:
        one.submit("/predict", {}, BODY, batch(3))

    found, counted = run(tmp_path, 1.0, act, listen=False)
    assert found == []
    assert counted("dropped") == 3


def test_what_does_not_fit_the_buffer_is_dropped(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(sender, "MAX_BUFFER_BYTES", 2 << 20)

    async def act(one: ShadowSender) -> None:
        for _ in range(5):
            one.submit("/predict", {}, bytes(1 << 20), batch(1))

    found, counted = run(tmp_path, 1.0, act)
    assert len(found) + counted("dropped") == 5
    assert 1 <= len(found) <= 3
