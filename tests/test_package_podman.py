"""Podman instead of Docker: it runs the OCI output, and ``package build`` works with its socket.

The tests configure their own Podman store and ulimits, as a machine may forbid raising the latter.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import Done, Package, package

from packager.engine.engine import Engine
from packager.image.config import assemble
from packager.image.export import load_into, write_oci
from packager.image.layers import Entry, plain_layer
from packager.image.reference import open_reference
from packager.progress import NullProgress

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Podman:
    """Podman with a store of its own."""

    command: list[str]
    socket: Path

    @property
    def host(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self.socket}"}

    def run(self, *arguments: object) -> Done:
        done = subprocess.run(
            [*self.command, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def said(self, *arguments: object) -> str:
        done = self.run(*arguments)
        assert done.code == 0, done.err
        return done.out.strip()


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    if sys.platform != "linux" or os.getuid() or not shutil.which("podman"):
        pytest.skip("podman is not installed, or this is not root")
    mixed = Path("/sys/fs/cgroup/unified/cgroup.controllers")
    if mixed.is_file() and mixed.read_text().strip():
        pytest.skip("crun starts no container while cgroups of both versions have controllers")
    folder = Path(tempfile.mkdtemp(prefix="podman-"))  # a socket's path has to be short
    (folder / "containers.conf").write_text("[containers]\ndefault_ulimits = []\n")
    command = ["podman", "--root", folder / "root", "--runroot", folder / "run"]
    command += ["--tmpdir", folder / "tmp", "--storage-driver", "overlay"]
    command += ["--cgroup-manager", "cgroupfs", "--events-backend", "file"]
    found = Podman([str(part) for part in command], folder / "socket")
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        patch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        service = [*found.command, "system", "service", "--time", "0", found.host["DOCKER_HOST"]]
        process = subprocess.Popen(service, stderr=log)
        try:
            for _ in range(100):
                if found.socket.exists():
                    break
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
            yield found
        finally:
            process.terminate()
            process.wait()
            found.run("system", "reset", "--force")
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pulled(
    podman: Podman, engine_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The id of the image that Podman took from our OCI folder."""
    folder = tmp_path_factory.mktemp("podman") / "image"
    with open_reference(engine_package.reference, Engine.connect()) as reference:
        write_oci([reference.image()], folder)
    tag = engine_package.built["tag"].rpartition(":")[2]
    return podman.said("pull", "--quiet", f"oci:{folder}:{tag}")


def test_podman_runs_the_oci_output_and_its_id_is_the_config_digest(
    podman: Podman, pulled: str, engine_package: Package
) -> None:
    assert f"sha256:{pulled}" == engine_package.built["config_digest"]
    walls = ["--network", "none", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp"]
    container = podman.said("run", "--detach", *walls, pulled)
    try:
        for _ in range(240):
            if podman.run("exec", container, "python", "-m", "serving.health").code == 0:
                break
            time.sleep(0.5)
        ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:3000/package').read().decode())"
        told = json.loads(podman.said("exec", container, "python", "-c", ask))
        assert told["name"] == "starter"
    finally:
        podman.said("rm", "--force", "--time", "5", container)


def test_a_build_through_podmans_socket_gives_the_same_image(
    podman: Podman, pulled: str, engine_package: Package, base: str
) -> None:
    done = package(
        "build", engine_package.project, "--base", base, "--json", env=podman.host
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json == engine_package.built
    for built in (done.json, done.json["companion"]):
        held = podman.said("image", "inspect", "--format", "{{.Id}}", built["tag"])
        assert f"sha256:{held}" == built["config_digest"]
    assert "model-packager-" not in podman.said("images")
    assert podman.said("ps", "--all", "--quiet") == ""


def test_podman_wants_every_layer_so_all_are_sent_where_a_part_is_refused(
    podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", podman.host["DOCKER_HOST"])
    engine = Engine.connect()
    assert engine is not None
    layers = [
        plain_layer(name, tmp_path / name, [Entry(name, source=name.encode())])
        for name in ("below", "above", "other")
    ]
    sent: list[str] = []

    class RecordedProgress(NullProgress):
        def item(self, name: str, how: str, size: int, seconds: float) -> None:
            sent.append(f"{name} {how}")

    for top, tag in ((layers[1], "one"), (layers[2], "two")):
        image = assemble(f"parts:{tag}", None, [layers[0], top], engine.platform, {})
        load_into(engine, image, RecordedProgress())
        assert engine.existing_layers([layers[0].diff_id, top.diff_id]) == 2
    assert sent == ["below sent", "above sent", "below sent", "other sent"]
