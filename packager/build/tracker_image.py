"""The image of the issue tracker: a base, its locked wheels, and this installation's modules.

It is assembled as packages are, so equal inputs give equal bytes; it holds no state.
"""

from __future__ import annotations

from pathlib import Path

from packager.digest import hash_files
from packager.engine.engine import Engine
from packager.environment.locked_downloads import fetch_shipped
from packager.environment.shipped import shipped_wheels
from packager.errors import PackageError
from packager.image.base.base import find_base
from packager.image.base.saved import BaseImage
from packager.image.config import LABEL, USER, Image, image_of
from packager.image.environments import environment_layer
from packager.image.export import Destination
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.registry_export import check_destination, write_images
from packager.image.runtime import INSTALLED_AT, VENV
from packager.image.stack import modules_layer
from packager.image.tracker_files import PORT, STATE, installed_modules, tracker_tag
from packager.image.wheels import WheelUnpacker, grouped
from packager.manifest.manifest import Wheel
from packager.progress import Progress

OWNER = 65532
HEALTH = (
    "import urllib.request as r; "
    f"r.urlopen('http://127.0.0.1:{PORT}/livez', timeout=4).read()"
)  # fmt: skip


def build_tracker_image(
    reference: str, output: Destination, engine: Engine | None, folder: Path, progress: Progress
) -> Image:
    """Assemble the image on the base ``reference``, and write it to ``output``.

    ``folder``: for temporary files. Raises ``PackageError``.
    """
    check_destination(output)
    base = _base(reference, engine, progress)
    locked = shipped_wheels(["issues"], base.target, f"base {reference}")
    fetch_shipped(locked, base.target, progress)
    image = tracker_image(base, locked, folder)
    for layer in image.layers:
        progress.item(layer.name, layer.source, layer.size, layer.seconds)
    progress.step(f"writing {output}")
    write_images([image], output, engine, progress)
    return image


def tracker_image(base: BaseImage, locked: list[Wheel], folder: Path) -> Image:
    """The image; ``folder``: for its layer without a cache."""
    compiler, python = base.compiler(), base.target.python
    with WheelUnpacker(python, compiler, False) as unpacker:
        unpacker.start(locked)
        folders = unpacker.folders(locked)
    files = hash_files(installed_modules())
    layers: list[Layer] = [
        *base.layers,
        *grouped(folders, "issues wheels", fresh=False),
        environment_layer("issues environment", VENV, python, base.saved.interpreter, folders),
        modules_layer("runtime", files, INSTALLED_AT, compiler, False),
        plain_layer("state", folder / "state.tar", [Entry(STATE[1:], mode=0o700, owner=OWNER)]),
    ]
    return image_of(tracker_tag(), base.saved.platform, _settings(), layers)


def _settings() -> dict[str, object]:
    python, second = f"/{VENV}/bin/python", 1_000_000_000
    serve = ["issues", "serve", "--state", STATE, "--host", "0.0.0.0", "--port", str(PORT)]
    return {
        "Cmd": None,
        "Entrypoint": [python, "-m", "packager.cli", *serve],
        "Env": [
            "HOME=/tmp",
            "LC_ALL=C.UTF-8",
            f"MODEL_ISSUES_TOKEN_FILE={STATE}/admin.token",  # of commands in the container
            f"PATH=/{VENV}/bin:/usr/local/bin:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE=1",
            f"PYTHONPATH=/{INSTALLED_AT}",
            "PYTHONSAFEPATH=1",
            "PYTHONUNBUFFERED=1",
            "TZ=UTC",
        ],
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", python, "-c", HEALTH],
            "Interval": 30 * second,
            "Timeout": 10 * second,
            "StartPeriod": 30 * second,
            "Retries": 3,
        },
        "Labels": {f"{LABEL}.image": "issues"},
        "User": USER,
        "Volumes": {STATE: {}},
        "WorkingDir": "/",
    }


def _base(reference: str, engine: Engine | None, progress: Progress) -> BaseImage:
    progress.step(f"looking for the base {reference}")
    from packager.environment.platform import default_platform

    base = find_base(reference, engine.platform if engine else default_platform(), engine)
    if base is None:
        raise PackageError(
            f"base {reference}: not in the cache, and no engine has it",
            "make one with `package base`, and use --base and the name it prints",
        )
    return base
