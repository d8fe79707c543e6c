"""A worker's counts by themselves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from monitoring.observe import Batch
from serving.counting import ROWS_AT_ONCE, Counting


def counting(observed: list[Any]) -> Counting:
    predictor: Any = SimpleNamespace(
        live_check=lambda _: None,
        feedback=None,
        metrics=SimpleNamespace(add_unwritten=lambda _: None),
        observer=SimpleNamespace(observe=observed.append, flush=lambda: observed.append("flush")),
    )
    return Counting(predictor, 0.0)


def test_a_process_that_counts_alone_is_scraped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    seen: list[Any] = []
    response = asyncio.run(counting(seen).exposition())
    assert seen == ["flush"]
    assert response.status == 200
    assert response.content_type.startswith("text/plain; version=")
    assert b"python_info" in response.body


def test_other_work_comes_between_the_rows_of_a_large_request() -> None:
    rows = 2 * ROWS_AT_ONCE + 1
    batch = Batch([range(rows)], [1] * rows, None, [1] * rows, [()] * rows, {})
    seen: list[Any] = []

    async def both() -> None:
        slowly = asyncio.create_task(counting(seen).rows_slowly(batch))
        while not slowly.done():
            await asyncio.sleep(0)
            seen.append("other work")

    asyncio.run(both())
    sizes = [len(one.labels) for one in seen if isinstance(one, Batch)]
    assert sizes == [ROWS_AT_ONCE, ROWS_AT_ONCE, 1]
    first = seen.index("other work")
    last = max(place for place, one in enumerate(seen) if isinstance(one, Batch))
    assert first < last
