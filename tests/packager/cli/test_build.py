"""Commands that build: refusals before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_samples import TOML, write_project
from saved_bases import saved

from packager.image.base import debian
from packager.image.base.saved import BaseImage


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
    assert "docker-archive:FILE or registry:HOST/NAME, got 'podman'" in err


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
    assert "--load: expected no --package, --release, --platform or --output with it" in err


def test_a_base_is_there_also_if_the_common_layers_can_not_be_made(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    """Without an engine nothing compiles for a base of another Python."""
    old = BaseImage(saved(python="3.9", version="3.9.2"), tmp_path, None)
    monkeypatch.setattr(debian, "make_base", lambda *_: old)
    code, out, err = run("base")
    assert (code, out) == (0, "nice/python:3.11\n")
    assert (
        "! base nice/python:3.11: programs of a base from elsewhere run in containers only" in err
    )
    assert ": the first build on this base makes its own layers" in err
