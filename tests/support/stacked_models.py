"""Models deployed on Swarm, and the folder generated for them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import IMAGE, MODEL, Packaged

from packager.deploy.compose.deploy import ComposeOptions, DeployResult
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.deploy.swarm.deploy import plan_swarm, write_plan

PRICES = MonitoredModel("prices.v2", "2.0.0-000000000000", "regression", ("__all__",), ("carat",))
ALONE = ("prometheus", "alertmanager", "grafana", "tracker")
"""Parts without which only the models and Redis are left."""


def stacked(
    out: Path,
    model: MonitoredModel = MODEL,
    image: str = IMAGE,
    objectives: Objectives = Objectives(),
    *,
    keys: bool = False,
    parts: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    replicas: int = 2,
    pins: Mapping[str, str] = {},
) -> DeployResult:
    package: Any = Packaged(model, image)
    asked = ComposeOptions(
        *(image, replicas), keys=keys, added=parts[0], left_out=parts[1], pins=pins
    )
    return write_plan(plan_swarm(package, out, asked, objectives, AlertOptions()), out)


def stack_document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((out / "stack.yml").read_text())
    return found


def checked_stack(out: Path) -> None:
    """``docker stack config`` takes the file as it is, and ignores nothing of it."""
    if shutil.which("docker") is None:
        pytest.skip("no docker here")
    command = ["docker", "stack", "config", "--compose-file", str(out / "stack.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "is not a docker command" in done.stderr or "unknown" in done.stderr:
        pytest.skip("this docker has no `stack config`")
    assert done.returncode == 0, done.stderr
    assert "gnoring" not in done.stderr
    told, written = yaml.safe_load(done.stdout), stack_document(out)
    for part in ("services", "configs", "secrets", "networks"):
        assert set(told[part]) == set(written[part])
