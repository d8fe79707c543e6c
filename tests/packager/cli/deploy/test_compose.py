"""``package deploy compose``: what it prints and refuses, of a package in an OCI folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built_packages import built

from packager.image.export import write_oci


@pytest.fixture(scope="module")
def oci(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    write_oci(built(folder).images(), folder / "oci")
    return folder / "oci"


@pytest.mark.slow
def test_what_is_to_be_done_next_is_printed(run, oci: Path, tmp_path: Path) -> None:
    asked = ("deploy", "compose", oci, "--output", tmp_path / "out", "--json")
    code, out, err = run(*asked)
    assert code == 0, err
    assert json.loads(out)["models"] == ["shop"]
    compose = f"docker compose -f {tmp_path}/out/compose.yml"
    assert f"start: {compose} up -d\n" in err
    assert "an engine does not look into files: build with --output docker" in err
    assert "kill -s HUP" not in err
    code, _, err = run(*asked, "--image", "shop:1")
    assert code == 0
    assert f"if it runs already: {compose} kill -s HUP alertmanager prometheus" in err
    assert "an engine does not look into files" not in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--without", "prometheus"), "add --without alertmanager --without grafana, or keep"),
        (("--with", "nginx"), "--with: expected one of prometheus, alertmanager, grafana"),
        (("--port", "80"), "--port: expected 1024 to 65525, got 80"),
        (("--replicas", "33"), "--replicas': Input should be less than or equal to 32"),
        (("--image", "a b"), "--image: expected NAME:TAG or NAME@sha256:…, got 'a b'"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(
    run, oci: Path, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    code, out, err = run("deploy", "compose", oci, "--output", tmp_path / "out", *options)
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_prometheus_is_left_out_as_the_hint_says(run, oci: Path, tmp_path: Path) -> None:
    parts = ("--without", "prometheus", "--without", "alertmanager", "--without", "grafana")
    code, _, err = run("deploy", "compose", oci, "--output", tmp_path / "out", *parts)
    assert code == 0, err
    assert not (tmp_path / "out/prometheus/prometheus.yml").exists()
