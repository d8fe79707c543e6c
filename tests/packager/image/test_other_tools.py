"""Our images in tools of others: skopeo, umoci and containerd."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_samples import MANIFEST
from image_samples import make_images

from packager.image.config import Image
from packager.image.export import write_archive, write_oci

pytestmark = pytest.mark.slow

TAGS = (MANIFEST.tag, f"{MANIFEST.tag}-replay")
CONTAINERD = """
version = 2
root = "{0}/root"
state = "{0}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{0}/socket"
[ttrpc]
address = "{0}/socket.ttrpc"
"""


def run(*command: object) -> bytes:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def images(tmp_path: Path) -> tuple[Image, Image]:
    return make_images(tmp_path / "layers")


@pytest.fixture
def oci(tmp_path: Path, images: tuple[Image, Image]) -> Path:
    write_oci(images, tmp_path / "image")
    return tmp_path / "image"


def test_skopeo_reads_both_images_of_an_oci_folder(oci: Path, images: tuple[Image, Image]) -> None:
    for image, tag in zip(images, TAGS, strict=True):
        told = json.loads(run("skopeo", "inspect", f"oci:{oci}:{tag}"))
        assert told["Labels"]["model-packager.root"] == MANIFEST.root
        assert told["Layers"] == [layer.diff_id for layer in image.layers]
        config = run("skopeo", "inspect", "--config", "--raw", f"oci:{oci}:{tag}")
        assert config == image.config


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive", "oci", "dir"])
def test_skopeo_copies_an_oci_folder_and_the_config_stays(
    oci: Path, images: tuple[Image, Image], tmp_path: Path, kind: str
) -> None:
    there = f"{kind}:{tmp_path / 'copy'}" + (":shop:1" if "oci" in kind or "docker" in kind else "")
    run("skopeo", "copy", f"oci:{oci}:{TAGS[0]}", there)
    config = run("skopeo", "inspect", "--config", "--raw", there)
    assert digest(config) == images[0].digest


def test_skopeo_reads_our_archive(images: tuple[Image, Image], tmp_path: Path) -> None:
    write_archive(images, tmp_path / "image.tar")
    for image in images:
        place = f"docker-archive:{tmp_path / 'image.tar'}:{image.name}"
        assert digest(run("skopeo", "inspect", "--config", "--raw", place)) == image.digest


def test_umoci_unpacks_an_oci_folder_to_the_files_of_its_layers(oci: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    rootless = ["--rootless"] if os.getuid() else []
    run("umoci", "unpack", *rootless, "--image", f"{oci}:{TAGS[1]}", bundle)
    root = bundle / "rootfs"
    found = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items() if name[:4] != "pack"} == {
        "code/train.py": b"x = 1\n",
        "data/source/a.csv": b"a\n1\n",
    }
    assert found["package/manifest.json"].read_bytes() == MANIFEST.dump()
    process = json.loads((bundle / "config.json").read_bytes())["process"]
    assert process["args"][1:] == ["-m", "serving"]
    assert (process["cwd"], process["user"]["uid"]) == ("/code", 65532)


@pytest.fixture
def ctr(tmp_path: Path) -> Iterator[list[str]]:
    """``ctr`` and how it reaches a containerd of this test alone."""
    if sys.platform != "linux" or os.getuid() or not shutil.which("containerd"):
        pytest.skip("containerd is not installed, or this is not root")
    (tmp_path / "config.toml").write_text(CONTAINERD.format(tmp_path))
    with (tmp_path / "log").open("wb") as log:
        daemon = subprocess.Popen(["containerd", "-c", tmp_path / "config.toml"], stderr=log)
    try:
        command = ["ctr", "--address", str(tmp_path / "socket"), "--namespace", "test"]
        for _ in range(150):
            if not subprocess.run([*command, "version"], capture_output=True).returncode:
                break
            assert daemon.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield command
    finally:
        daemon.terminate()
        daemon.wait()


@pytest.mark.parametrize("kind", ["docker-archive", "oci"])
def test_containerd_imports_what_we_write_and_the_config_stays(
    ctr: list[str], images: tuple[Image, Image], oci: Path, tmp_path: Path, kind: str
) -> None:
    archive = tmp_path / "image.tar"
    if kind == "oci":
        run("tar", "-C", oci, "-cf", archive, ".")
    else:
        write_archive(images, archive)
    run(*ctr, "images", "import", "--snapshotter", "native", archive)
    listed = run(*ctr, "images", "list").decode().splitlines()[1:]
    held = {line.split()[0]: line.split()[2] for line in listed}
    for image in images:
        name = next(found for found in held if found.endswith(image.name))
        manifest = json.loads(run(*ctr, "content", "get", held[name]))
        assert manifest["config"]["digest"] == image.digest
        assert [layer["digest"] for layer in manifest["layers"]] == [
            layer.diff_id for layer in image.layers
        ]
        assert run(*ctr, "content", "get", image.digest) == image.config
