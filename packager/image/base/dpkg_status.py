"""Records the Debian packages of a base where scanners look: ``/var/lib/dpkg/status.d``.

Distroless images have the same files: one control paragraph per package, and the sums of its files.
A base has no dpkg, so no ``/var/lib/dpkg/status``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from packager.image.base.packages import Deb

STATUS_FOLDER = "var/lib/dpkg/status.d"
SUMS = ".md5sums"


def write_status(root: Path, debs: Iterable[Deb]) -> None:
    """Write the control paragraph of each package, and the md5 of its files below ``root``.

    A base has a part of a package's files only; those that are left out are not listed.
    """
    folder = root / STATUS_FOLDER
    folder.mkdir(parents=True)
    for deb in debs:
        (folder / deb.name).write_text(f"{deb.control.strip()}\n", encoding="utf-8")
        (folder / f"{deb.name}{SUMS}").write_text(_sums(root, deb.files), encoding="utf-8")


def _sums(root: Path, files: Iterable[str]) -> str:
    """``md5  path`` of each regular file, sorted by path, as dpkg lists them."""
    present = [name for name in sorted(files) if (root / name).is_file()]
    return "".join(
        f"{hashlib.md5((root / name).read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n"
        for name in present
        if not (root / name).is_symlink()
    )
