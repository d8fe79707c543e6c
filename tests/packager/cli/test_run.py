"""Commands that run a package: where they run it, and where they write answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from host_samples import MANIFEST
from stub_packages import package_at

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.worker.replay.report import ReplayReport


def test_predict_writes_csv_or_json_not_both(run, tmp_path: Path):
    code, out, err = run("predict", "ref", "--data", "a.csv", "--format", "csv", "--json")
    assert (code, out) == (2, "")
    assert "--format csv: expected no --json with it" in err


@pytest.mark.parametrize(
    "arguments",
    [("predict", "--data", "a.csv"), ("serve",), ("replay",), ("bench",)],
    ids=lambda arguments: arguments[0],
)
def test_without_an_engine_a_package_runs_only_where_requested(run, monkeypatch, arguments):
    package_at(monkeypatch)
    verb, *more = arguments
    code, out, err = run(verb, "ref", *more)
    assert (code, out) == (1, "")
    assert "ref: no engine responds to run the package in a container" in err
    assert "hint: start Docker; or, if you trust the package, add --local" in err


@pytest.mark.slow
def test_two_packages_run_only_where_requested(run, monkeypatch, tmp_path: Path):
    package_at(monkeypatch)
    code, out, err = run("diff", "one", "other", "--data", tmp_path / "rows.csv")
    assert (code, out) == (1, "")
    assert "one: no engine responds to run the package in a container" in err
    assert "add --local" in err
    code, _, err = run("diff", "one", "other", "--local")
    assert code == 2
    assert "--local: expected --data with it" in err


@pytest.mark.parametrize(
    "arguments",
    [("predict", "--data", "a.csv"), ("serve",), ("replay",), ("bench",)],
    ids=lambda arguments: arguments[0],
)
def test_an_engine_runs_no_package_without_a_base_whatever_it_says(run, monkeypatch, arguments):
    package_at(monkeypatch)
    monkeypatch.setattr(Engine, "connect", lambda: object.__new__(Engine))
    monkeypatch.setattr(Engine, "platform", "linux/amd64")
    verb, *more = arguments
    code, out, err = run(verb, "ref", *more)
    assert (code, out) == (1, "")
    assert "ref: has no base (base: none), so no container can run it" in err
    assert "add --local: its code then runs on this machine with your permissions" in err


def test_what_local_means_is_said_once(run, monkeypatch):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", answering)
    _, _, err = run("predict", "ref", "--data", "a.csv", "--local")
    assert err.count("--local: the package's code and model run on this machine with your") == 1
    assert len(err.splitlines()) == 1


@contextmanager
def answering(*_: object) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        path.write_text(ANSWERS)
        yield path


ANSWERS = '{"prediction": 1}\n{"prediction": 2}\n'


def test_answers_go_to_stdout_as_lines_or_as_one_document(run, monkeypatch):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", answering)
    code, out, _ = run("predict", "ref", "--data", "a.csv", "--local")
    assert (code, out) == (0, ANSWERS)
    code, out, _ = run("predict", "ref", "--data", "a.csv", "--json", "--local")
    assert code == 0
    assert out == '{"predictions": [{"prediction": 1}, {"prediction": 2}]}\n'


def test_answers_may_go_to_a_file_and_then_stdout_is_empty(run, monkeypatch, tmp_path: Path):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", answering)
    code, out, _ = run("predict", "r", "--local", "--data", "a", "--output", tmp_path / "o")
    assert (code, out) == (0, "")
    assert (tmp_path / "o").read_text() == ANSWERS


def test_a_row_that_can_not_be_taken_leaves_no_file(run, monkeypatch, tmp_path: Path):
    def fail(*_: object) -> str:
        raise PackageError("row 3, column carat: expected a number, got 'x'", "fix the row")

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", fail)
    code, out, err = run("predict", "r", "--local", "--data", "a", "--output", tmp_path / "o")
    assert (code, out) == (1, "")
    assert (
        err.partition("\n")[2]
        == "error: row 3, column carat: expected a number, got 'x'\n\nhint: fix the row\n"
    )
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
@pytest.mark.parametrize("passed", [True, False])
def test_a_replay_reports_its_level_to_the_issue_tracker(
    run, sent, monkeypatch, tmp_path: Path, passed: bool
):
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[tuple[SimpleNamespace, None]]:
        yield SimpleNamespace(manifest=MANIFEST), None

    level = "artifact" if passed else "none"
    report = ReplayReport(
        level=level, required_level="artifact", passed=passed, checks=(),
        environment_recorded=MANIFEST.environment,
    )  # fmt: skip
    monkeypatch.setattr("packager.cli.run.opened", opened)
    monkeypatch.setattr("packager.run.replay.replay", lambda *_, **__: report)
    arguments = ("replay", "ref", "--json-file", tmp_path / "replay.json")
    plain = run(*arguments)
    assert plain[0] == (0 if passed else 1)
    assert sent == []
    assert run(*arguments, "--issues", "http://issues.test") == plain
    [(url, told)] = sent
    assert url == "http://issues.test"
    assert [one.kind for one in told.findings] == ([] if passed else ["ReplayFailed"])
    assert told.scan.complete
    assert told.scan.file == "replay.json"
