"""What ``package test`` refuses before anything runs, and what the ledger answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tested_packages import report

from packager.errors import PackageError, UsageError
from packager.image.config import TRAINING
from packager.image.reference import Reference
from packager.manifest.policy import Policy
from packager.manifest.read_options import TableReadOptions
from packager.progress import NullProgress
from packager.testing import run
from packager.testing.run import DataTestRequest


def reference(*, worker: bool = True, root: str = "a" * 64) -> Reference:
    manifest = SimpleNamespace(
        root=root,
        data="none",
        name="stones",
        tag="1.0-aaaa",
        test=Policy(),
        reader=TableReadOptions(),
    )
    layers = [(TRAINING, "sha256:1", 1)] if worker else [("code", "sha256:2", 1)]
    made = SimpleNamespace(
        name="tiny:1.0",
        manifest=manifest,
        has_companion=False,
        layers=lambda **_: layers,
    )
    return cast(Reference, made)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "new.csv").write_text("x\n1\n")
    return tmp_path / "new.csv"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The jobs that would have run; each gives a report."""
    jobs: list[Any] = []

    def instead(_reference: object, _layer: object, job: object, *_: object) -> object:
        jobs.append(job)
        return report()

    monkeypatch.setattr(run, "_run", instead)
    return jobs


def asked(data: Path, **more: Any) -> DataTestRequest:
    return DataTestRequest(str(data), **more)


def test_an_equal_test_is_not_repeated(data: Path, ran: list[Any]) -> None:
    first = run.run_test(reference(), asked(data), None, NullProgress())
    again = run.run_test(reference(), asked(data), None, NullProgress())
    assert (first.recorded, again.recorded, len(ran)) == (False, True, 1)
    assert again.report == first.report
    assert len(again.history) == 1
    data.write_text("x\n2\n")
    assert not run.run_test(reference(), asked(data), None, NullProgress()).recorded
    other = run.run_test(reference(root="b" * 64), asked(data), None, NullProgress())
    assert not other.recorded
    assert len(ran) == 3


def test_only_new_files_are_tested(data: Path, ran: list[Any]) -> None:
    run.run_test(reference(), asked(data), None, NullProgress())
    assert (
        run.run_test(reference(), asked(data, only_new=True), None, NullProgress()).report is None
    )


def test_nothing_new_has_the_last_test_however_the_data_are_named(
    data: Path, ran: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    first = run.run_test(reference(), asked(Path("new.csv")), None, NullProgress())
    for name in ("new.csv", "./new.csv", str(data), "renamed.csv"):
        if not Path(name).exists():
            data.rename(name)
        again = run.run_test(reference(), asked(Path(name), only_new=True), None, NullProgress())
        assert again.report is None
        assert again.last is not None
        assert again.last.report == first.report
    assert len(ran) == 1


def test_labels_make_another_test(data: Path, ran: list[Any], tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("x,label\n1,a\n")
    run.run_test(reference(), asked(data), None, NullProgress())
    late = asked(data, labels=labels, on=("x",))
    assert not run.run_test(reference(), late, None, NullProgress()).recorded
    assert (ran[1].labels, ran[1].on) == ("labels.csv", ("x",))


def test_labels_that_come_later_make_tested_data_new(
    data: Path, ran: list[Any], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("x,label\n1,a\n")
    run.run_test(reference(), asked(data), None, NullProgress())
    late = asked(data, labels=labels, on=("x",), only_new=True)
    assert run.run_test(reference(), late, None, NullProgress()).report is not None
    assert run.run_test(reference(), late, None, NullProgress()).report is None
    assert len(ran) == 2


def test_a_package_without_what_tests_it_is_refused(data: Path) -> None:
    with pytest.raises(PackageError) as raised:
        run.run_test(reference(worker=False), asked(data), None, NullProgress())
    assert raised.value.message == (
        "tiny:1.0: expected its companion, which holds what tests it, got only the image"
    )


@pytest.mark.parametrize("more", [{"labels": Path("labels.csv")}, {"on": ("id",)}])
def test_labels_need_a_key(data: Path, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--labels and --on: expected both or neither"):
        run.run_test(reference(), asked(data, **more), None, NullProgress())
