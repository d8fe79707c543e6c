"""Untrusted label files: none exhausts memory, and nothing of a refused file is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from packager.cli.console import ConsoleProgress
from packager.errors import UsageError
from packager.replicas.feedback import send


class Nobody:
    """A client that may not be asked."""

    def feedback(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("sent")


def long_texts(path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(2_000, np.int32)), pa.array(["x" * 100_000])
    )
    table = pa.table({"token": texts, "actual": texts})
    pq.write_table(table, path, compression="zstd", store_schema=False)


def many_rows(path: Path) -> None:
    cells = pa.array(np.zeros(3_000_000, np.int8))
    pq.write_table(pa.table({"token": cells, "actual": cells}), path, compression="zstd")


def nested(path: Path) -> None:
    cells = pa.ListArray.from_arrays(
        pa.array([0, 30_000_000]), pa.array(np.zeros(30_000_000, "i1"))
    )
    pq.write_table(pa.table({"token": cells, "actual": cells}), path, compression="zstd")


def no_end(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(30 << 30)


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


FILES = [
    (long_texts, "x.parquet"),
    (many_rows, "x.parquet"),
    pytest.param(nested, "x.parquet", marks=pytest.mark.slow),
    (no_end, "x.parquet"),
    (no_end, "x.json"),
    (no_end, "x.jsonl"),
    (no_end, "x.csv"),
    (deep, "x.json"),
    (deep, "x.jsonl"),
]


@pytest.mark.parametrize(("make", "name"), FILES)
def test_a_file_of_labels_that_has_no_room_is_refused_and_nothing_is_sent(
    make: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / name)
    pa.default_memory_pool().release_unused()
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 25_000_000)
    client: Any = Nobody()
    with pytest.raises(UsageError, match=r"x\.(parquet|jsonl?|csv)"):
        send(client, tmp_path / name, ConsoleProgress())
