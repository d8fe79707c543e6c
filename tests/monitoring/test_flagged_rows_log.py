from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.flagged_rows_log import FlaggedRowsLog
from monitoring.slices.clock import DatetimeUnit

COLUMNS = ([1.5, None], ["D", "Z\ud800"], [0, 86_400])
FLAGS = ((), ("carat:missing", "color:unseen"))


def make(path: Path, **options: Any) -> FlaggedRowsLog:
    clocks = {"when": DatetimeUnit.of_dtype("datetime64[s]")}
    return FlaggedRowsLog(path, ("carat", "color", "when"), version="1-a", clocks=clocks, **options)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_only_flagged_rows_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert make(path).write(COLUMNS, FLAGS, ["a", "b"], ["t0", "t1"]) == 1
    (line,) = lines(path)
    assert line.pop("time") > 1.7e9
    assert line == {
        "version": "1-a",
        "token": "t1",
        "prediction": "b",
        "flags": ["carat:missing", "color:unseen"],
        "row": {"carat": None, "color": "Z\ud800", "when": "1970-01-02T00:00:00"},
    }
    assert path.stat().st_mode & 0o077 == 0


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    FlaggedRowsLog(path, ("carat", None, "when"), version="1-a").write(
        COLUMNS, FLAGS, ["a", "b"], None
    )
    (line,) = lines(path)
    assert line["row"] == {"carat": None, "when": 86_400}
    assert "Z" not in path.read_text()


def test_a_full_file_makes_way_and_only_one_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = make(path, max_bytes=1_000)
    for _ in range(50):
        log.write(COLUMNS, FLAGS, ["a", "b"], None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.lock", "log.old"]
    assert path.stat().st_size <= 1_000
    assert (tmp_path / "log.old").stat().st_size <= 1_000
    assert all(line["token"] is None for line in lines(path))


def test_a_row_larger_than_the_file_may_be_is_not_written(tmp_path: Path) -> None:
    log = make(tmp_path / "log", max_bytes=1_000)
    log.check()
    log.write((["x" * 5_000], ["D"], [0]), (("carat:unseen",),), ["a"], None)
    assert lines(tmp_path / "log") == []


def test_a_sample_is_written(tmp_path: Path) -> None:
    log = make(tmp_path / "log", sample_rate=0.5)
    rows = 2_000
    columns = ([1.0] * rows, ["D"] * rows, [0] * rows)
    written = log.write(columns, [("carat:missing",)] * rows, ["a"] * rows, None)
    assert 800 < written < 1_200
    assert len(lines(tmp_path / "log")) == written


def test_writers_do_not_mix_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def write(_: int) -> None:
        log = make(path, max_bytes=1 << 20)
        for _ in range(50):
            log.write(COLUMNS, FLAGS, ["a", "b"], None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(lines(path)) == 200


def test_a_file_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        make(tmp_path / "nowhere" / "log").check()


def test_arrays_are_nested_lists_and_bytes_base64(tmp_path: Path) -> None:
    path = tmp_path / "log"
    columns = (np.arange(4, dtype=np.uint8).reshape(1, 2, 2), [b"\x89PNG"], [["a", None]])
    log = FlaggedRowsLog(path, ("pixels", "picture", "tags"), version="1-a")
    log.write(columns, (("pixels:out_of_range",),), ["a"], None)
    (line,) = lines(path)
    assert line["row"] == {"pixels": [[0, 1], [2, 3]], "picture": "iVBORw==", "tags": ["a", None]}
