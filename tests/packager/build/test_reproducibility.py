"""Assembling twice: equal images pass, and machine-dependent parts are named."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from host_samples import write_project

from packager.build.reproducibility import check_reproducible
from packager.errors import PackageError
from packager.image.config import Image, assemble
from packager.image.layers import Entry, plain_layer
from packager.image.stack import entries
from packager.project.config import load_project
from packager.project.files import ProjectFiles, read_files


def assembly(extra: Callable[[Path], bytes]) -> Callable[[ProjectFiles, Path], list[Image]]:
    """Puts code and data into a layer each, and what ``extra`` makes of the folder into a third."""

    def make(files: ProjectFiles, folder: Path) -> list[Image]:
        layers = [
            plain_layer("code", folder / "code.tar", entries(files.code, "code")),
            plain_layer("data", folder / "data.tar", entries(files.data, "data")),
            plain_layer("extra", folder / "extra.tar", [Entry("extra", source=extra(folder))]),
        ]
        return [assemble("name:tag", None, layers, "linux/amd64", {})]

    return make


def twice(folder: Path, extra: Callable[[Path], bytes]) -> None:
    for name in ("out", "package"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(name)
    files = read_files(load_project(write_project(folder / "project")))
    make = assembly(extra)
    check_reproducible(make(files, folder), files, folder, make)


def test_what_depends_on_content_alone_passes(tmp_path: Path) -> None:
    twice(tmp_path, lambda folder: (folder / "out" / "file").read_bytes())


def current_umask() -> bytes:
    mask = os.umask(0)
    os.umask(mask)
    return oct(mask).encode()


@pytest.mark.parametrize(
    "extra",
    [
        lambda folder: str(folder).encode(),
        lambda _: time.strftime("%H", time.localtime(0)).encode(),
        lambda folder: str((folder / "out" / "file").stat().st_mtime).encode(),
        lambda _: current_umask(),
    ],
    ids=["folder", "time zone", "modification time", "umask"],
)
def test_a_layer_that_depends_on_the_machine_is_named(
    tmp_path: Path, extra: Callable[[Path], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for zone, mask in (("UTC", 0o022), ("Asia/Kathmandu", 0o077)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        before = os.umask(mask)
        try:
            with pytest.raises(PackageError) as caught:
                twice(tmp_path / str(mask), extra)
            assert current_umask() == oct(mask).encode()
        finally:
            os.umask(before)
        message = caught.value.message
        assert message.startswith("assembled twice, layer extra of name:tag differs: ")
        assert os.environ["TZ"] == zone
