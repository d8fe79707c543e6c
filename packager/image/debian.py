"""``package base``: a small base from Debian packages, for machines that reach no registry."""

from __future__ import annotations

import platform as host
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.base import BaseImage, save_base
from packager.image.bytecode import LoaderCompiler
from packager.image.engine import Engine
from packager.image.layers import Entry, tree_entries, write_tar
from packager.progress import Progress

# Suite of Debian or Ubuntu → the Python it carries.
PYTHONS = {"bookworm": "3.11", "trixie": "3.13", "noble": "3.12"}
ENVIRONMENT = [
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "LANG=C.UTF-8",
    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
]
# What a running Python never reads. Copyright files stay: licences ask for them.
DROPPED = (
    "bin/",
    "sbin/",
    "boot/",
    "etc/apt/",
    "etc/dpkg/",
    "lib/systemd/",
    "usr/bin/",
    "usr/sbin/",
    "usr/games/",
    "usr/include/",
    "usr/share/",
    "usr/lib/apt/",
    "usr/lib/dpkg/",
    "usr/lib/x86_64-linux-gnu/gconv/",
    "usr/lib/aarch64-linux-gnu/gconv/",
    "usr/lib/x86_64-linux-gnu/perl",
    "usr/libexec/",
    "usr/lib/python3/",
    "var/",
)
KEPT = ("usr/share/zoneinfo/", "usr/share/mime/", "usr/share/ca-certificates/")
ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
    b"nonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n",
    "etc/group": b"root:x:0:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}


def base_name() -> str | None:
    """What ``make_base`` calls the base of this machine's suite; None on other systems."""
    suite = _this_suite()
    return f"package-base:{suite}-python{PYTHONS[suite]}" if suite in PYTHONS else None


def make_base(engine: Engine | None, progress: Progress) -> BaseImage:
    """Make the base of this machine's Debian or Ubuntu suite and keep it in the cache.

    Needs ``mmdebstrap`` and the suite's mirror. Same package versions give the same layer.
    """
    suite, reference = _this_suite(), base_name()
    if reference is None:
        raise PackageError(
            f"package base: expected one of {', '.join(PYTHONS)}, got suite {suite or 'unknown'}",
            "run it on Debian or Ubuntu, or take a base from a registry",
        )
    if shutil.which("mmdebstrap") is None:
        raise PackageError(
            "package base: expected the program mmdebstrap, got none",
            "as root: apt-get install mmdebstrap",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress.step(f"fetching Debian packages of {suite}")
        _bootstrap(suite, folder / "packages.tar")
        progress.step("leaving out what Python never reads")
        _unpack(folder / "packages.tar", folder / "root")
        python = f"usr/bin/python{PYTHONS[suite]}"
        compiler = LoaderCompiler(folder / "root", f"/{python}", "")
        stdlib = f"usr/lib/python{PYTHONS[suite]}"
        compiler.compile(folder / "root" / stdlib, f"/{stdlib}")
        entries = [*tree_entries(folder / "root", ""), Entry("tmp", mode=0o1777)]
        write_tar(folder / "layer.tar", entries)
        config = {"config": {"Env": ENVIRONMENT}}
        return save_base(reference, default_platform(), folder / "layer.tar", config, engine)


def _this_suite() -> str:
    try:
        return host.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def _bootstrap(suite: str, archive: Path) -> None:
    python = PYTHONS[suite]
    packages = ["base-files", "ca-certificates", "libgomp1", "libstdc++6", "media-types", "tzdata"]
    packages += ["python3-minimal", f"python{python}-minimal", f"libpython{python}-stdlib"]
    command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(packages)}"]
    done = subprocess.run(
        [*command, suite, str(archive)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PackageError(
            f"mmdebstrap failed: {done.stderr.strip()[-500:]}",
            "check that the mirrors in /etc/apt can be reached (apt-get update)",
        )


def _unpack(archive: Path, root: Path) -> None:
    """Lay the wanted files into ``root``, with accounts and one bundle of certificates."""
    with tarfile.open(archive) as tar:
        for member in tar:
            member.name = str(PurePosixPath(member.name))
            if not member.isdev() and _wanted(member.name):
                member.mode = member.mode & 0o755 | (0o700 if member.isdir() else 0o400)
                tar.extract(member, root, filter="tar")
    for name, content in ACCOUNTS.items():
        (root / name).write_bytes(content)
    mozilla = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in mozilla))
    shutil.rmtree(root / "usr/share/ca-certificates")


def _wanted(name: str) -> bool:
    path = f"{name}/"
    if path.startswith("usr/bin/python3") or name.endswith("/copyright"):
        return True
    return path.startswith(KEPT) or not path.startswith(DROPPED)
