"""What a build reports to the issue tracker."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from host_samples import MANIFEST, write_project

from packager.build.record import BuildResult
from packager.cli.build_findings import report_data
from packager.data.checks.finding import DataCheckReport
from packager.errors import PackageError


def test_a_build_reports_its_search_and_its_data_check(run, sent, monkeypatch, tmp_path: Path):
    built = BuildResult(manifest=MANIFEST, images=(), isolation={}, weak=None)
    monkeypatch.setattr("packager.build.pipeline.build", lambda *_: built)
    monkeypatch.setattr("packager.cli.build._built", lambda _: {})
    report = DataCheckReport(
        rows=9, columns=(), counts={}, model_free=(), findings=(), cells={}, histograms={}, notes=()
    )
    checked = SimpleNamespace(report=report, open=())
    monkeypatch.setattr("packager.review.check.check_data", lambda *_, **__: checked)
    arguments = ("build", write_project(tmp_path / "p"), "--output", f"oci:{tmp_path}/i", "--json")
    plain = run(*arguments)
    assert sent == []
    page = "https://ci.test/runs/7"
    words = ("--issues", "http://issues.test", "--report-url", page)
    assert run(*arguments, *words)[:2] == plain[:2] == (0, "{}\n")
    assert [(url, told.scan.source) for url, told in sent] == [
        ("http://issues.test", "build"), ("http://issues.test", "data check"),
    ]  # fmt: skip
    assert {told.scan.report for _, told in sent} == {page}


def test_a_data_check_that_can_not_be_repeated_does_not_fail_the_build(
    sent, monkeypatch, capsys, tmp_path: Path
):
    def fail(*_: object, **__: object) -> None:
        raise PackageError("no room on the disk", "free some")

    monkeypatch.setattr("packager.review.check.check_data", fail)
    report_data("http://issues.test", None, write_project(tmp_path / "p"), None)
    assert "the findings of the data were not sent: no room on the disk" in capsys.readouterr().err
    assert sent == []
