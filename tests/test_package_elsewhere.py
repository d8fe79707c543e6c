"""An image replayed on its own, without its project or builder."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from command import Package

OLDER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
}
PLACE = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "99", "OMP_NUM_THREADS": "2"}


@pytest.mark.engine
def test_the_companion_alone_replays_itself_elsewhere_and_years_later(
    engine_package: Package,
) -> None:
    clocks = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    variables = {**OLDER, **PLACE}
    mounts = {}
    if clocks:
        variables |= {"LD_PRELOAD": "/clock.so", "FAKETIME": "@2041-07-01 12:00:00"}
        mounts = {str(clocks[0]): {"bind": "/clock.so", "mode": "ro"}}
    said = docker.from_env().containers.run(
        f"{engine_package.reference}-replay",
        ["/opt/harness/bin/python", "-m", "packager.worker", "replay"],
        environment=variables,
        volumes=mounts,
        user="12345:54321",
        hostname="elsewhere",
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        remove=True,
    )
    assert said.decode().endswith(
        "equivalence level: artifact (claimed: artifact, at build: artifact)\nreplay: passed\n"
    )
