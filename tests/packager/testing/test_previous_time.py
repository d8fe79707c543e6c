"""Two packages predict the same rows in turn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packager.progress import Progress
from packager.testing.previous_time import PAIRS, in_turn
from packager.worker.job import DataTestJob
from packager.worker.test.timed import TimedRows


class Measured:
    """A worker whose rows take ``seconds``; it notes its runs in ``order``."""

    isolation = "process"
    measures: Mapping[str, str] = {}

    def __init__(self, seconds: float, order: list[float]) -> None:
        self.seconds = seconds
        self.order = order

    def run(self, verb: str, inputs: Mapping[str, bytes], output: Path, _: Progress) -> Path:
        assert verb == "timed"
        assert DataTestJob.model_validate_json(inputs["test.json"]).source == "new.csv"
        self.order.append(self.seconds)
        output.mkdir()
        (output / "timed.json").write_bytes(TimedRows(rows=60, seconds=self.seconds).dump())
        return output / "timed.json"


def test_each_package_is_first_in_every_other_pair() -> None:
    order: list[float] = []
    now, before = Measured(2.0, order), Measured(1.0, order)
    assert in_turn(now, before, DataTestJob(source="new.csv")) == (2.0,) * PAIRS
    assert order[:4] == [1.0, 2.0, 2.0, 1.0]


def test_a_time_of_zero_has_no_ratio() -> None:
    order: list[float] = []
    assert in_turn(Measured(1.0, order), Measured(0.0, order), DataTestJob(source="new.csv")) == ()
