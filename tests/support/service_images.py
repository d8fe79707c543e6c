"""Images of the services beside a model, made from Debian's packages: no registry is needed.

Variables of a deployment's Compose file name them. An engine that has them keeps them: making them
takes a minute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

SUITE = "bookworm"
PACKAGES = (
    *("haproxy", "prometheus", "prometheus-alertmanager", "redis-server", "redis-tools"),
    *("wget", "libfaketime"),
)
UNUSED = ("doc", "fonts", "icons", "locale", "man")
OWNED = ("/prometheus", "/alertmanager", "/data")
"""Folders that the user of each image writes into; a new volume there has their mode."""
USER = "65534:65534"
BASE = f"package-test-services:{SUITE}"
ENTRYPOINTS: Mapping[str, tuple[str, str]] = {
    "PROXY_IMAGE": ("haproxy", "[]"),
    "PROMETHEUS_IMAGE": ("prometheus", '["prometheus"]'),
    "ALERTMANAGER_IMAGE": ("alertmanager", '["prometheus-alertmanager"]'),
    "REDIS_IMAGE": ("redis", "[]"),
}
"""Variable → name of the image, and its entrypoint: as those of the projects' own images."""
COMPOSE = Path(sys.executable).parent / "docker-compose"
"""Compose as the developers' environment has it."""


def service_images(tree: Path | None = None) -> dict[str, str]:
    """Variable of a Compose file → image, which the engine has; skips the test where none can be.

    ``tree``: the packages as ``extract_services`` has written them, for a place without a network.
    Processes that ask at once make them at once, and get the same.
    """
    if shutil.which("docker") is None or _docker("version").returncode != 0:
        pytest.skip("no engine here")
    images = {name: f"package-test-{image}:{SUITE}" for name, (image, _) in ENTRYPOINTS.items()}
    absent = [name for name, image in images.items() if not _present(image)]
    if absent and not _present(BASE):
        _import_base(tree)
    for name in absent:
        entrypoint = ENTRYPOINTS[name][1]
        file = f"FROM {BASE}\nUSER {USER}\nENTRYPOINT {entrypoint}\n"
        _checked("build", "--quiet", "--tag", images[name], "-", text=file)
    return images


def _present(image: str) -> bool:
    return _docker("image", "inspect", image).returncode == 0


def extract_services(tree: Path) -> None:
    """Write the file system of all services as a tar file; needs ``mmdebstrap`` and a network."""
    command = [
        *("mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(PACKAGES)}"),
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNUSED),
        *(SUITE, str(tree)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(tree, "a") as archive:
        for name in OWNED:
            entry = tarfile.TarInfo(f".{name}")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)


def _import_base(tree: Path | None) -> None:
    if tree is None and shutil.which("mmdebstrap") is None:
        pytest.skip("no mmdebstrap here")
    with tempfile.TemporaryDirectory() as folder:
        found = tree or Path(folder) / "services.tar"
        if tree is None:
            extract_services(found)
        path = "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        _checked("import", "--change", path, str(found), BASE)


def _checked(*arguments: str, text: str | None = None) -> None:
    done = _docker(*arguments, text=text)
    assert done.returncode == 0, done.stderr


def _docker(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
