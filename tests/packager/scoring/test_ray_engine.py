"""Ray: said if it is missing; with it the same bytes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from command import NO_ENGINE, Package, package

from packager.errors import PackageError
from packager.scoring.plan import ScoreRequest
from packager.scoring.ray_engine import ray_drive

HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_ray_that_is_missing_is_said() -> None:
    with pytest.raises(PackageError, match="--engine ray: expected Ray in this environment") as e:
        ray_drive("oci:image", ScoreRequest("rows.parquet", Path("out"), "parquet"))
    assert "python -m pip install 'ray[data]'" in (e.value.hint or "")


@pytest.mark.slow
@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed")
def test_ray_gives_the_same_bytes(local_package: Package, tmp_path: Path) -> None:
    data = local_package.project / "data" / "visits.csv"
    for name, more in (("plain", ()), ("ray", ("--engine", "ray"))):
        given = ("score", local_package.reference, "--data", data, "--output", tmp_path / name)
        done = package(*given, "--local", *more, env=NO_ENGINE)
        assert done.code == 0, done.err
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("plain", "ray")
    ]
    assert contents[0] == contents[1]


@pytest.mark.slow
def test_a_key_and_ray_are_refused_together(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    created = package("key", tmp_path / "k", env={**NO_ENGINE, "MODEL_PACKAGER_KEY_PASSWORD": ""})
    assert created.code == 0, created.err
    given = ("score", tmp_path / "oci", "--data", tmp_path / "rows.csv")
    more = ("--output", tmp_path / "out", "--engine", "ray", "--local")
    done = package(*given, *more, "--key", tmp_path / "k.pub", env=NO_ENGINE)
    assert done.code == 2
    assert "--engine ray: expected no --key with it" in done.err
    assert "MODEL_PACKAGER_TRUST" in done.err
