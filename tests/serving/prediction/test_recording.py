"""The counts of a single worker."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from monitoring.metrics.recorder import Batch
from serving.prediction.recording import (
    MAX_LOGGED_AT_ONCE,
    MAX_ROWS_AT_ONCE,
    MAX_VALUES_AT_ONCE,
    Recorder,
)


def counting(observed: list[Any], flagged_rows: object = None) -> Recorder:
    predictor: Any = SimpleNamespace(
        compiled_check_sampler=lambda _: None,
        flagged_rows=flagged_rows,
        log_flagged=lambda batch: observed.append(f"logged {len(batch.labels)}"),
        feedback=None,
        metrics=SimpleNamespace(
            add_unwritten=lambda _: None,
            observe_request=lambda *_: None,
            observe_rows=lambda _: None,
        ),
        observer=SimpleNamespace(observe=observed.append, flush=lambda: observed.append("flush")),
    )
    return Recorder(predictor, 0.0)


def test_a_process_that_counts_alone_is_scraped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    seen: list[Any] = []
    response = asyncio.run(counting(seen).exposition())
    assert seen == ["flush"]
    assert response.status == 200
    assert response.content_type.startswith("text/plain; version=")
    assert b"python_info" in response.body


def test_other_work_comes_between_the_rows_of_a_large_request() -> None:
    rows = 2 * MAX_ROWS_AT_ONCE + 1
    batch = Batch([range(rows)], [1] * rows, None, [1] * rows, [()] * rows, {})
    seen: list[Any] = []

    async def both() -> None:
        counting(seen).answered("/predict", 200, 0.1, batch)
        for _ in range(5):
            seen.append("other work")
            await asyncio.sleep(0)

    asyncio.run(both())
    sizes = [len(one.labels) for one in seen if isinstance(one, Batch)]
    assert sizes == [MAX_ROWS_AT_ONCE, MAX_ROWS_AT_ONCE, 1]
    first = seen.index("other work")
    last = max(place for place, one in enumerate(seen) if isinstance(one, Batch))
    assert first < last


def parts_of(batch: Batch, flagged_rows: object = None) -> list[Any]:
    seen: list[Any] = []

    async def answered() -> None:
        recorder = counting(seen, flagged_rows)
        recorder.answered("/predict", 200, 0.1, batch)
        recorder.close()

    asyncio.run(answered())
    return [len(one.labels) if isinstance(one, Batch) else one for one in seen]


def test_rows_of_many_columns_are_counted_fewer_at_a_time() -> None:
    rows, columns = 1_000, 2 * MAX_VALUES_AT_ONCE // 1_000
    batch = Batch([range(rows)] * columns, [1] * rows, None, [1] * rows, [()] * rows, {})
    found = parts_of(batch)
    assert [one for one in found if isinstance(one, int)] == [500, 500]


def test_rows_that_cannot_be_counted_hold_up_no_others() -> None:
    batch = Batch([[1] * 501] * 200, [1] * 501, None, [1] * 501, [()] * 501, {})
    seen: list[Any] = []

    async def both() -> None:
        recorder = counting(seen)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        observe = recorder._predictor.observer.observe
        full = OSError(28, "no space left")
        recorder._predictor.observer.observe = Mock(side_effect=[full, None])  # type: ignore[method-assign]
        recorder.answered("/predict", 200, 0.1, batch)
        for _ in range(5):
            await asyncio.sleep(0)
        recorder._predictor.observer.observe = observe  # type: ignore[method-assign]
        recorder.answered("/predict", 200, 0.1, batch)
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(both())
    assert [len(one.labels) for one in seen if isinstance(one, Batch)] == [250, 250, 1]


def test_flagged_rows_of_a_large_request_are_logged_part_by_part() -> None:
    rows = MAX_LOGGED_AT_ONCE + 1
    batch = Batch([range(rows)], [1] * rows, None, [1] * rows, [("a:missing",)] * rows, {})
    expected = [f"logged {MAX_LOGGED_AT_ONCE}", MAX_LOGGED_AT_ONCE, "logged 1", 1]
    assert parts_of(batch, flagged_rows=object())[:4] == expected
