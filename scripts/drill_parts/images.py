"""Images of HAProxy, Prometheus and Alertmanager of this system's packages: there is no registry.

One file system for all three; each image has the entry point that its namesake in a registry has.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from drill_parts import paths
from drill_parts.printing import say

RELEASE = "bookworm"
PACKAGES = ("haproxy", "prometheus", "prometheus-alertmanager", "busybox")
FILE = paths.IMAGES / "services.tar"
SHARED = "drill-services:1"
ENTRY_POINTS = {
    "PROXY_IMAGE": ("drill-haproxy:1", ""),
    "PROMETHEUS_IMAGE": ("drill-prometheus:1", '["/usr/bin/prometheus"]'),
    "ALERTMANAGER_IMAGE": ("drill-alertmanager:1", '["/usr/bin/prometheus-alertmanager"]'),
}
"""Variable of the Compose file → (name of the image, its entry point)."""


def fetch_packages() -> None:
    """Extract the packages into a file, once."""
    if FILE.is_file():
        return
    say(f"extracting {', '.join(PACKAGES)} of {RELEASE}")
    paths.IMAGES.mkdir(parents=True, exist_ok=True)
    unfinished = FILE.with_suffix(".part.tar")
    include = f"--include={','.join(PACKAGES)}"
    shell = '--customize-hook=ln -s /bin/busybox "$1/usr/bin/wget"'
    command = ["mmdebstrap", "--variant=extract", include, shell, RELEASE, str(unfinished)]
    with (paths.LOGS / "images.log").open("w", encoding="utf-8") as log:
        subprocess.run(command, stdout=log, stderr=log, check=True)
    os.replace(unfinished, FILE)


def load_images() -> None:
    """Put the images into the engine, and name them by the variables of the Compose file."""
    os.environ.update({name: image for name, (image, _) in ENTRY_POINTS.items()})
    if _is_loaded(ENTRY_POINTS["ALERTMANAGER_IMAGE"][0]):
        return
    subprocess.run(["docker", "import", str(FILE), SHARED], check=True, capture_output=True)
    for image, entry_point in ENTRY_POINTS.values():
        derive(image, SHARED, f"ENTRYPOINT {entry_point}" if entry_point else "")


def load_archive(file: Path, name: str) -> None:
    """Put the package ``name`` into the engine, from its archive."""
    if _is_loaded(name):
        return
    subprocess.run(["docker", "load", "--input", str(file)], check=True, capture_output=True)


def _is_loaded(image: str) -> bool:
    done = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    return done.returncode == 0


def derive(image: str, base: str, line: str) -> None:
    """An image of ``base`` with one more line of a Dockerfile."""
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", image, "-"],
        input=f"FROM {base}\n{line}\n".encode(),
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        check=True,
        capture_output=True,
    )
