"""A canary and a shadow on a real Swarm, of packages with requests all the time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import own_engine
import pytest
from service_images import service_images
from updated_models import build_versions

PROGRAM = Path(__file__).parents[4] / "benchmarks/swarm_rolling.py"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.skipif(own_engine.why_not() is not None, reason=str(own_engine.why_not()))
def test_no_request_is_lost_with_a_canary_and_with_a_shadow(base: str, tmp_path: Path) -> None:
    service_images()
    first, second = build_versions(tmp_path, base)
    command = [sys.executable, str(PROGRAM), first, second, "--rate", "10", "--requests", "6000"]
    done = subprocess.run(
        [*command, "--only", "canary", "shadow"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    canary, shadow = (json.loads(line) for line in done.stdout.splitlines())
    for found in (canary, shadow):
        assert (found["lost"], found["command_code"]) == (0, 0), found
        assert len(found["versions"]) == 2
