"""Two packages predict the same rows in turn."""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from packager.image.layers import Layer
from packager.manifest.policy import Policy
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.progress import NullProgress, Progress
from packager.testing import previous_time
from packager.testing.previous_time import MAX_ERROR, MAX_PAIRS, MIN_PAIRS, in_turn, times_on
from packager.worker.job import DataTestJob, PreviousTimes
from packager.worker.test.timed import TimedRows
from packager.worker.test.timing import relative_error, timing
from packager.worker.test.verdict import judge


class Measured:
    """A worker whose rows take ``seconds``; it notes its runs in ``order``.

    Each run takes the next of ``noise`` times as long.
    """

    isolation = "process"
    measures: Mapping[str, str] = {}

    def __init__(self, seconds: float, order: list[float], noise: Sequence[float] = (1.0,)) -> None:
        self.seconds = seconds
        self.order = order
        self.noise = itertools.cycle(noise)

    def run(self, verb: str, inputs: Mapping[str, bytes | Path], output: Path, _: Progress) -> Path:
        assert verb == "timed"
        asked = inputs["test.json"]
        assert isinstance(asked, bytes)
        assert DataTestJob.model_validate_json(asked).source == "new.csv"
        self.order.append(self.seconds)
        output.mkdir()
        spent = self.seconds * next(self.noise)
        (output / "timed.json").write_bytes(TimedRows(rows=60, seconds=spent).dump())
        return output / "timed.json"


def test_each_package_is_first_in_every_other_pair() -> None:
    order: list[float] = []
    now, before = Measured(2.0, order), Measured(1.0, order)
    assert in_turn(now, before, DataTestJob(source="new.csv")) == (2.0,) * MIN_PAIRS
    assert order[:4] == [1.0, 2.0, 2.0, 1.0]


def test_a_noisy_machine_gets_more_pairs_until_twice_the_time_is_proven() -> None:
    noise = [1.0, 1.3, 0.9, 1.2, 0.85, 1.0]
    found = in_turn(Measured(2.0, [], noise), Measured(1.0, []), DataTestJob(source="new.csv"))
    assert len(found) > MIN_PAIRS
    assert len(found) == MAX_PAIRS or relative_error(found) < MAX_ERROR
    previous = PreviousTimes(tag="stones:1", ratios=found)
    strict = Policy(false_alarm=0.0005)
    (report,) = judge({"time": timing("no data", strict, previous)}, strict)
    assert report.verdict == "failed"


def test_pairs_end_on_a_machine_where_nothing_can_be_measured() -> None:
    order: list[float] = []
    wild = [1.0, 40.0, 0.1, 9.0, 0.02]
    found = in_turn(Measured(2.0, order, wild), Measured(1.0, order), DataTestJob(source="new.csv"))
    assert len(found) == MAX_PAIRS
    assert len(order) == 2 * MAX_PAIRS


def test_a_time_of_zero_has_no_ratio() -> None:
    order: list[float] = []
    assert in_turn(Measured(1.0, order), Measured(0.0, order), DataTestJob(source="new.csv")) == ()


def test_both_predict_the_rows_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.csv").write_text("size\n1\n2\n")
    asked: list[tuple[object, DataTestJob, list[str]]] = []

    def measured(packages: object, layer: Layer, job: DataTestJob, *_: object) -> PreviousTimes:
        with tarfile.open(layer.path) as tar:
            asked.append((packages, job, [one.name for one in tar if one.isfile()]))
        return PreviousTimes(tag="1.0-aaaa", ratios=(1.0,) * MIN_PAIRS)

    monkeypatch.setattr(previous_time, "previous_times", measured)
    manifest = SimpleNamespace(reader=DEFAULT_OPTIONS, data="none")
    both = (SimpleNamespace(manifest=manifest), SimpleNamespace())
    found = times_on(both, str(tmp_path / "new.csv"), None, NullProgress())  # type: ignore[arg-type]
    assert found.ratios == (1.0,) * MIN_PAIRS
    [(packages, job, names)] = asked
    assert packages == both
    assert (job.source, job.shown) == ("new.csv", str(tmp_path / "new.csv"))
    assert names == ["data/new/new.csv"]
