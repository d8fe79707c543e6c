"""A worker sends a sample of its answers without waiting, and counts every verdict."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from serving.compiled_check.sampler import MATCH, MAX_ROWS, MISMATCH, CheckSampler, address


def batch(rows: int, *, compiled: int = 1) -> Any:
    columns = [[float(row) for row in range(rows)], ["not a feature"] * rows]
    return SimpleNamespace(
        compiled=compiled, labels=list(range(rows)), probabilities=None, columns=columns
    )


def sampled(folder: Path, offered: list[Any], verdicts: list[bytes]) -> tuple[list[Any], Counter]:
    """What the checker gets of the batches, and what is counted once it has answered."""
    counted: Counter[str] = Counter()
    got: list[Any] = []

    async def run() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as checker:
            checker.bind(address(folder))
            checker.settimeout(0.05)
            metrics: Any = SimpleNamespace(add_comparison=lambda kind: counted.update([kind]))
            sampler = CheckSampler(folder, 1.0, 1, metrics)
            for one in offered:
                sampler.submit(one)
            while True:
                try:
                    message, sender = checker.recvfrom(1 << 16)
                except TimeoutError:
                    break
                got.append(pickle.loads(message))
                if verdicts:
                    checker.sendto(verdicts.pop(0), sender)
            for _ in range(20):
                await asyncio.sleep(0.005)
            sampler.close()

    asyncio.run(run())
    return got, counted


def test_a_row_is_sent_with_its_features_alone_and_its_verdict_counted(tmp_path: Path):
    got, counted = sampled(tmp_path, [batch(2)], [MATCH, MISMATCH])
    assert got == [([0.0], 0, None), ([1.0], 1, None)]
    assert counted == {"match": 1, "mismatch": 1}


def test_of_many_rows_some_are_sent_and_of_native_answers_none(tmp_path: Path):
    got, counted = sampled(tmp_path, [batch(100), batch(5, compiled=0)], [])
    dropped = counted["dropped"]
    assert len(got) + dropped == MAX_ROWS


def test_where_no_checker_listens_rows_are_counted_as_dropped(tmp_path: Path):
    counted: Counter[str] = Counter()

    async def run() -> None:
        metrics: Any = SimpleNamespace(add_comparison=lambda kind: counted.update([kind]))
        sampler = CheckSampler(tmp_path, 1.0, 1, metrics)
        sampler.submit(batch(3))
        sampler.close()

    asyncio.run(run())
    assert counted == {"dropped": 3}
