"""Commands that build: refusals before anything is written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from host_samples import MANIFEST, TOML, write_project

from packager.build.record import Built
from packager.cli import build
from packager.data.checks.finding import DataCheckReport
from packager.errors import PackageError


def test_build_without_an_engine_or_an_output_ends_with_one(run, tmp_path: Path):
    code, out, err = run("build", write_project(tmp_path / "p"))
    assert (code, out) == (1, "")
    assert err == (
        "error: no Docker engine responds to put the image into\n\n"
        "hint: start Docker, or write a folder with --output oci:DIR\n"
    )


def test_build_refuses_an_output_it_does_not_know(run, tmp_path: Path):
    code, _, err = run("build", write_project(tmp_path / "p"), "--output", "podman")
    assert code == 2
    assert "expected docker, oci:DIR or docker-archive:FILE, got 'podman'" in err


def test_a_mistake_in_the_project_is_reported_before_anything_is_written(run, tmp_path: Path):
    toml = TOML + '[slices]\ncolumns = ["[bold]colour"]\n'
    project = write_project(tmp_path / "p", {"package.toml": toml})
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run("build", project, "--output", f"oci:{tmp_path}/image")
    assert (code, out) == (2, "")
    assert "`slices.columns`: expected a column of data/visits.csv, got '[bold]colour'" in err
    assert "\n\nhint: its columns are channel, basket, returned\n" in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("more", [("--package", "libgl1"), ("--output", "base.tar")])
def test_a_base_is_made_or_taken_from_a_file_not_both(run, more):
    code, out, err = run("base", "--load", "saved.tar", *more)
    assert (code, out) == (2, "")
    assert "--load: expected no --package, --release or --output with it" in err


def test_a_build_reports_its_search_and_its_data_check(run, sent, monkeypatch, tmp_path: Path):
    built = Built(manifest=MANIFEST, images=(), isolation={}, weak=None)
    monkeypatch.setattr("packager.build.pipeline.build", lambda *_: built)
    monkeypatch.setattr("packager.build.previous.previous_test", lambda *_: None)
    monkeypatch.setattr("packager.cli.build._built", lambda _: {})
    report = DataCheckReport(
        rows=9, columns=(), counts={}, model_free=(), findings=(), cells={}, histograms={}, notes=()
    )
    checked = SimpleNamespace(report=report, open=())
    monkeypatch.setattr("packager.review.check.check_data", lambda *_, **__: checked)
    arguments = ("build", write_project(tmp_path / "p"), "--output", f"oci:{tmp_path}/i", "--json")
    plain = run(*arguments)
    assert sent == []
    assert run(*arguments, "--issues", "http://issues.test")[:2] == plain[:2] == (0, "{}\n")
    assert [(url, told.scan.source) for url, told in sent] == [
        ("http://issues.test", "build"), ("http://issues.test", "data check"),
    ]  # fmt: skip


def test_a_data_check_that_can_not_be_repeated_does_not_fail_the_build(
    sent, monkeypatch, capsys, tmp_path: Path
):
    def fail(*_: object, **__: object) -> None:
        raise PackageError("no room on the disk", "free some")

    monkeypatch.setattr("packager.review.check.check_data", fail)
    build._report_data("http://issues.test", write_project(tmp_path / "p"), None)
    assert "the findings of the data were not sent: no room on the disk" in capsys.readouterr().err
    assert sent == []
