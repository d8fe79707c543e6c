"""Selects the files of Debian packages that a running Python reads, and drops the rest."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from packager.image.base.packages import LIST_FOLDER, Deb
from packager.image.elf import read_elf
from packager.image.layer_contents import SHARED_OBJECT
from packager.tar_reader import TarReader, extract_member

# Files that a running Python never reads. Copyright files stay because licences require them.
DROPPED = (
    "bin/",
    "sbin/",
    "boot/",
    "etc/apt/",
    "etc/cron.daily/",
    "etc/default/",
    "etc/dpkg/",
    "etc/logrotate.d/",
    "etc/skel/",
    "etc/update-motd.d/",
    "lib/systemd/",
    "usr/bin/",
    "usr/sbin/",
    "usr/games/",
    "usr/include/",
    "usr/share/",
    "usr/lib/apt/",
    "usr/lib/dpkg/",
    "usr/lib/systemd/",
    "usr/lib/x86_64-linux-gnu/gconv/",
    "usr/lib/aarch64-linux-gnu/gconv/",
    "usr/lib/x86_64-linux-gnu/perl",
    "usr/libexec/",
    "usr/lib/python3/",
)
KEPT = ("usr/share/zoneinfo/", "usr/share/mime/", "usr/share/ca-certificates/")
# Files of this machine or this run, not of any package.
HOST_FILES = ("etc/fstab/", "etc/hostname/", "etc/resolv.conf/", "etc/machine-id/", "var/")
# Tests, demos and help() texts of the standard library; what Python falls back on where decimal,
# datetime and io were not compiled; time zones with leap seconds and a second copy of all zones;
# NIS and Berkeley DB, which are rarely used and need large libraries.
UNUSED_MODULES = re.compile(
    r"usr/lib/python3\.\d+/(test|pydoc_data|turtledemo|idlelib)/"
    r"|usr/lib/python3\.\d+/(turtle|_pydecimal|_pydatetime|_pyio)\.py"
    r"|usr/lib/python3\.\d+/lib-dynload/(nis|_dbm|xx|_xx|_test|_ctypes_test)"
    r"|usr/share/zoneinfo/(right|posix)/"
)
# Requested packages keep their programs and data; only documentation is dropped.
DOCUMENTATION = re.compile(r"usr/share/(doc|man|info|locale|lintian|bug|help)/|usr/include/")
# Kept whole because they load parts of themselves by name.
KEPT_WHOLE = ("libc6", "libgcc-s1")


def unpack(
    reader: TarReader, root: Path, debs: Mapping[str, Deb], required: Collection[str]
) -> None:
    """Unpack into ``root`` the ``required`` packages, and the needed files of all others."""
    whole = {file for name in required for file in debs[name].files}
    for member in reader:
        member.name = str(PurePosixPath(member.name))
        if not member.isdev() and _wanted(member.name, whole):
            member.mode = member.mode & 0o755 | (0o700 if member.isdir() else 0o400)
            if member.islnk() and (root / member.linkname).is_file():
                # Mesa's drivers are hard links of one file; our layers have no hard links, so make
                # symbolic links.
                above = PurePosixPath("/") / PurePosixPath(member.name).parent
                member.type = tarfile.SYMTYPE
                member.linkname = os.path.relpath(f"/{PurePosixPath(member.linkname)}", above)
            path = root / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or path.is_file():
                path.unlink()
            extract_member(reader, member, path, root / member.linkname)


def _wanted(name: str, whole: Collection[str]) -> bool:
    path = f"{name}/"
    if path.startswith((f"{LIST_FOLDER}/", *HOST_FILES)) or UNUSED_MODULES.match(path):
        return False
    if name.endswith("/copyright") or path.startswith("usr/bin/python3"):
        return True
    if name in whole:
        return not DOCUMENTATION.match(path)
    return path.startswith(KEPT) or not path.startswith(DROPPED)


def drop_unneeded(root: Path, debs: Mapping[str, Deb], roots: Collection[str]) -> None:
    """Remove shared objects of packages that ``roots`` load neither directly nor indirectly.

    Some packages are dependencies of dropped programs (dpkg, tar, perl).
    """
    owners = {PurePosixPath(file).name: deb.name for deb in debs.values() for file in deb.files}
    loaded: set[str] = set()
    todo = {name for name in debs if name in roots or name in KEPT_WHOLE}
    while todo:
        loaded |= todo
        needed = {soname for name in todo for soname in _loaded(root, debs[name])}
        todo = {owners[soname] for soname in needed if soname in owners} - loaded
    for name in debs.keys() - loaded:
        for file in debs[name].files:
            if SHARED_OBJECT.search(file):
                (root / file).unlink(missing_ok=True)


def _loaded(root: Path, deb: Deb) -> set[str]:
    sonames: set[str] = set()
    for file in deb.files:
        path = root / file
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                elf = read_elf(stream)
                sonames |= set(elf.needed if elf else ())
    return sonames


def bundle_certificates(root: Path) -> None:
    """Replace the folder of Mozilla's CA certificates by one bundle file."""
    folder = root / "usr/share/ca-certificates"
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.crt"))))
    shutil.rmtree(folder)
