"""Images of the deployment: of the services beside the model, and of its first version."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import service_images

from drill_parts import engine, paths
from drill_parts.printing import say

CLOCK_LIBRARY = "libfaketimeMT.so.1"
CLOCK_FILE = "/tmp/clock"
"""In a replica: by how much its clock is moved, as libfaketime reads it (``+2h``)."""
COPIED = paths.IMAGES / "clock"
CLOCK_LINES = f"""\
COPY {CLOCK_LIBRARY} /usr/local/lib/
ENV LD_PRELOAD=/usr/local/lib/{CLOCK_LIBRARY} FAKETIME_TIMESTAMP_FILE={CLOCK_FILE} \\
    FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_RESET=1"""


def _tree() -> Path:
    """The file system of the services; another list of packages has another name."""
    listed = json.dumps([service_images.SUITE, *service_images.PACKAGES])
    return paths.IMAGES / f"services-{hashlib.sha256(listed.encode()).hexdigest()[:8]}.tar"


def fetch_packages() -> None:
    """Extract the packages of the services into a file, once."""
    tree = _tree()
    if not tree.is_file():
        say(f"extracting {', '.join(service_images.PACKAGES)}")
        shutil.rmtree(paths.IMAGES, ignore_errors=True)
        paths.IMAGES.mkdir(parents=True)
        unfinished = tree.with_suffix(".part.tar")
        service_images.extract_services(unfinished)
        os.replace(unfinished, tree)
    COPIED.mkdir(exist_ok=True)
    if not (COPIED / CLOCK_LIBRARY).is_file():
        with tarfile.open(tree) as archive:
            found = next(one for one in archive if one.name.endswith(f"/{CLOCK_LIBRARY}"))
            content = archive.extractfile(found)
            assert content is not None
            (COPIED / CLOCK_LIBRARY).write_bytes(content.read())


def load_services() -> None:
    """Put the services into the engine, and name them by the variables of the Compose file."""
    os.environ.update(service_images.service_images(_tree()))


def load_archive(file: Path, name: str) -> None:
    """Put the image ``name`` into the engine, from its archive."""
    command = ["docker", "image", "inspect", name]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        subprocess.run(["docker", "load", "--input", str(file)], check=True, capture_output=True)


def with_movable_clock(image: str) -> str:
    """An image of the same package whose clock follows ``CLOCK_FILE``."""
    engine.derive("drill-first:1", image, CLOCK_LINES, COPIED)
    return "drill-first:1"
