"""The services of a deployment listen on this machine only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from deployed_models import IMAGE, written


@pytest.mark.slow
def test_compose_starts_all_on_this_machine_only(tmp_path: Path) -> None:
    document = yaml.safe_load((written(tmp_path) / "compose.yml").read_text())
    services = document["services"]
    own = {"state-diamonds-cut", "model-diamonds-cut-blue", "state-proxy-diamonds-cut"}
    shared = {"prometheus", "alertmanager", "grafana", "issues"}
    assert set(services) == {*own, "proxy-diamonds-cut", *shared}
    for service in services.values():
        image = re.sub(r"^\$\{[A-Z]+_IMAGE:-(.*)\}$", r"\1", service["image"])
        assert re.fullmatch(r"[a-z0-9/-]+:[\w.-]+", image), "pinned, no registry"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert {services[name]["image"] for name in own} == {IMAGE}
    for name in ("prometheus", "alertmanager", "grafana"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    named = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service["volumes"]
        if not volume.startswith("./")
    }
    assert named == set(document["volumes"])
    mounted = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service["volumes"]
        if volume.startswith("./")
    ]
    assert all((tmp_path / "out" / place).exists() for place in mounted)
