"""``package test``: exit codes, and the files that go with them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tested_packages as made

from packager.cli import test as command
from packager.errors import PackageError, UsageError
from packager.testing import run as testing
from packager.tracker.core.finding import Report
from packager.worker.test import report as reports

NAMES = ["index.html", "junit.xml", "report.json", "summary.md"]
INCONCLUSIVE = made.family("quality", [made.unclear(headline=True)], "inconclusive")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the test of a package gives: a result, or an error that is raised."""
    given: list[Any] = []

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[tuple[None, None]]:
        yield None, None

    def tested(*_arguments: object) -> testing.DataTestResult:
        if isinstance(given[0], Exception):
            raise given[0]
        return testing.DataTestResult(given[0])

    monkeypatch.setattr(command, "opened", opened)
    monkeypatch.setattr(testing, "run_test", tested)
    return given


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (made.report(made.family("schema")), 0),
        (made.report(made.family("quality", [made.failed()]), verdict="failed"), 1),
        (made.report(INCONCLUSIVE, verdict="inconclusive"), 0),
        (made.report(INCONCLUSIVE, verdict="inconclusive", policy={"inconclusive": "fail"}), 1),
    ],
    ids=["passed", "failed", "inconclusive", "inconclusive that fails"],
)
def test_the_exit_code_is_the_verdict(
    report: reports.DataTestReport, code: int, run, answer: list[Any], tmp_path: Path
) -> None:
    answer.append(report)
    done, out, _ = run("test", "ref", "--data", "new.csv", "--out", tmp_path / "out")
    assert done == code
    assert out.endswith(report.sentence + "\n")
    assert names(tmp_path / "out") == NAMES
    top = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (int(top.attrib["failures"]) > 0) == (code == 1)


def test_json_is_the_report(run, answer: list[Any]) -> None:
    answer.append(made.report(made.family("schema")))
    code, out, _ = run("test", "ref", "--data", "new.csv", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(answer[0].model_dump_json())


def test_a_test_that_could_not_be_made_is_no_failed_test(
    run, answer: list[Any], tmp_path: Path
) -> None:
    answer.append(PackageError("the model's process ended", "give it memory"))
    summary = tmp_path / "summary.md"
    code, out, err = run(
        "test", "ref", "--data", "new.csv", "--out", tmp_path / "out", "--summary", summary
    )
    assert (code, out) == (1, "")
    assert "error: the model's process ended" in err
    assert names(tmp_path / "out") == ["index.html", "junit.xml", "summary.md"]
    top = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (top.attrib["errors"], top.attrib["failures"]) == ("1", "0")
    assert "the test could not be made" in summary.read_text()


def test_wrong_usage_replaces_the_files_of_an_earlier_test(
    run, answer: list[Any], tmp_path: Path
) -> None:
    answer.append(made.report(made.family("schema")))
    arguments = ("test", "ref", "--data", "new.csv", "--out", tmp_path / "out")
    assert run(*arguments)[0] == 0
    answer[0] = UsageError("new.csv: expected a file", "name one")
    code, _, _ = run(*arguments)
    assert code == 2
    assert names(tmp_path / "out") == ["index.html", "junit.xml", "summary.md"]
    top = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (top.attrib["errors"], top.attrib["failures"]) == ("1", "0")
    assert "expected a file" in (tmp_path / "out" / "summary.md").read_text()


def test_a_crash_leaves_no_report_of_an_earlier_test(
    run, answer: list[Any], tmp_path: Path
) -> None:
    answer.append(made.report(made.family("schema")))
    arguments = ("test", "ref", "--data", "new.csv", "--out", tmp_path / "out")
    assert run(*arguments)[0] == 0
    answer[0] = ZeroDivisionError("a mistake of this program")
    with pytest.raises(ZeroDivisionError):
        run(*arguments)
    assert "the test has not ended" in (tmp_path / "out" / "summary.md").read_text()
    assert "report.json" not in names(tmp_path / "out")


def test_nothing_new_writes_nothing(run, answer: list[Any], tmp_path: Path) -> None:
    answer.append(None)
    arguments = ("test", "ref", "--data", "new.csv", "--new", "--out", tmp_path / "out")
    assert run(*arguments)[:2] == (0, "nothing new in new.csv\n")
    assert run(*arguments, "--json")[:2] == (0, '{"new": false, "last_verdict": null}\n')
    assert names(tmp_path / "out") == []


def test_a_report_goes_to_the_issue_tracker_and_the_verdict_stays(
    run, answer: list[Any], sent: list[tuple[str, Report]]
) -> None:
    answer.append(made.report(made.family("quality", [made.failed()]), verdict="failed"))
    arguments = ("test", "ref", "--data", "new.csv")
    plain = run(*arguments)
    assert sent == []
    assert run(*arguments, "--issues", "http://issues.test") == plain
    [(url, report)] = sent
    assert url == "http://issues.test"
    assert report.findings
    assert report.scan is not None
    assert (report.scan.source, report.scan.scope) == ("test", "new.csv")


def test_the_report_is_linked_and_earlier_rows_are_named(
    run,
    answer: list[Any],
    sent: list[tuple[str, Report]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer.append(made.report(made.family("quality", [made.failed()]), verdict="failed"))
    words = ("--report-url", "https://ci.test/7", "--replaces", "data/old.csv@3", "--out", "out")
    code, _, err = run("test", "ref", "--data", "new.csv", *words)
    assert code == 2
    assert "--report-url: expected --issues with it, got none" in err
    assert run("test", "ref", "--data", "new.csv", *words, "--issues", "http://issues.test")[0] == 1
    [(_, report)] = sent
    assert report.scan is not None
    assert (report.scan.report, report.scan.file) == ("https://ci.test/7", "out/index.html")
    assert report.scan.replaces == "old.csv"
    assert report.findings[0].links == {"report": "https://ci.test/7"}
