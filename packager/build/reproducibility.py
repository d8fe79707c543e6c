"""``package build --check-reproducible``: assemble twice under different conditions, and compare.

The second assembly has another folder, umask, time zone and modification times, and uses no cached
layers. The training is not repeated: its result is an input of the assembly.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from packager.build.assembly import assemble_again
from packager.build.context import BuildContext
from packager.digest import Files
from packager.errors import PackageError
from packager.image.config import Image
from packager.image.unchanged import unchanged
from packager.manifest.manifest import Lock, Manifest
from packager.project.files import ProjectFiles

OLD_MTIME = 86_400.0
Assembly = Callable[[ProjectFiles, Path], Sequence[Image]]
"""(files, folder with ``out`` and ``package``) → the images."""


def check_every_platform(
    context: BuildContext,
    locks: Mapping[str, Lock],
    manifest: Manifest,
    labels: dict[str, str],
    images: Mapping[str, tuple[Image, ...]],
) -> None:
    """``check_reproducible`` of the images of each platform; ``locks``: the whole ones."""
    context.progress.step("assembling a second time, to compare")
    for one in context.every:
        again = partial(assemble_again, one, locks[one.platform], manifest, labels)
        check_reproducible(images[one.platform], context.files, one.folder, again)


def check_reproducible(
    images: Sequence[Image], files: ProjectFiles, folder: Path, assemble: Assembly
) -> None:
    """Assemble again from copied inputs; raise ``PackageError`` naming the first difference."""
    again = folder / "elsewhere"
    with _elsewhere():
        moved = replace(
            files,
            code=_moved(files.code, again / "code"),
            data=_moved(files.data, again / "data"),
            model=_moved(files.model, again / "model"),
        )
        for name in ("out", "package"):
            shutil.copytree(folder / name, again / name)
        for path in again.rglob("*"):
            os.utime(path, (OLD_MTIME, OLD_MTIME))
        second = assemble(moved, again)
    for one, other in zip(images, second, strict=True):
        for layer, repeated in zip(one.layers, other.layers, strict=True):
            if layer.diff_id != repeated.diff_id:
                raise PackageError(
                    f"assembled twice, layer {layer.name} of {one.name} differs: "
                    f"{layer.diff_id} and {repeated.diff_id}",
                    "this is a bug in `package`: please report it with the lock",
                )
        if one.digest != other.digest:
            raise PackageError(
                f"assembled twice, the config of {one.name} differs: "
                f"{one.digest} and {other.digest}",
                "this is a bug in `package`: please report it with the lock",
            )


def _moved(files: Files, folder: Path) -> Files:
    """Copy ``files`` to ``folder``; raise ``PackageError`` for a file that has changed."""
    for name, file in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with unchanged(file) as reader, (folder / name).open("wb") as copy:
            shutil.copyfileobj(reader, copy)
    return {name: replace(file, path=folder / name) for name, file in files.items()}


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Set another umask and time zone within the block."""
    zone, mask = os.environ.get("TZ"), os.umask(0o077)
    if mask == 0o077:
        os.umask(0o022)
    _set_zone("Asia/Tokyo" if zone == "Asia/Kathmandu" else "Asia/Kathmandu")
    try:
        yield
    finally:
        os.umask(mask)
        _set_zone(zone)


def _set_zone(zone: str | None) -> None:
    if zone is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = zone
    if hasattr(time, "tzset"):  # absent on Windows
        time.tzset()
