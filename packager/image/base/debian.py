"""``package base``: makes a small base from Debian packages, without a registry."""

from __future__ import annotations

import platform as host
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.environment.programs import find_program
from packager.errors import PackageError, UsageError
from packager.image.base.base import save_base
from packager.image.base.dpkg_status import write_status
from packager.image.base.keep import PACKAGES
from packager.image.base.native import native_compiler
from packager.image.base.packages import LIST_SCRIPT, NAME, dependency_closure, read_debs, versions
from packager.image.base.saved import BaseImage
from packager.image.base.slim import bundle_certificates, drop_unneeded, unpack
from packager.image.base.static_probe import releases_in
from packager.image.bytecode import Compiler, LoaderCompiler
from packager.image.layers import Entry, tree_entries, write_tar
from packager.progress import Progress
from packager.tar_reader import TarReader, plain_tar

# Suite of Debian or Ubuntu → the Python it carries.
PYTHONS = {"bookworm": "3.11", "trixie": "3.13", "noble": "3.12"}
ENVIRONMENT = [
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "LANG=C.UTF-8",
    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
]
CONFIG = {"config": {"Env": ENVIRONMENT}}
ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
    b"nonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n",
    "etc/group": b"root:x:0:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}
MAX_TAG_LENGTH = 128


def base_name(added: Collection[str] = (), release: str | None = None) -> str | None:
    """The name that ``make_base`` gives the base of ``release``, or of this machine's suite.

    None on other systems.
    """
    suite = release or _this_suite()
    if suite not in PYTHONS:
        return None
    # A tag can't contain a plus sign.
    tag = "-".join([f"{suite}-python{PYTHONS[suite]}", *sorted(set(added))]).replace("+", "_")
    if len(tag) > MAX_TAG_LENGTH:
        tag = f"{tag[:100]}-{sha256_bytes(tag.encode())[:12]}"
    return f"package-base:{tag}"


def make_base(
    engine: Engine | None,
    progress: Progress,
    added: Collection[str] = (),
    release: str | None = None,
    platform: str | None = None,
) -> BaseImage:
    """Make the base of ``release``, or of this machine's suite, and save it to the cache.

    ``added`` packages are included with their dependencies; install scripts are not run. Needs
    ``mmdebstrap`` and the suite's mirror. Equal package versions give equal layers. ``platform``:
    this machine's, or another one, of which nothing is run.
    """
    if release is not None and release not in PYTHONS:
        raise UsageError(
            f"--release: expected one of {', '.join(PYTHONS)}, got {release!r}",
            "for example --release trixie, for Python 3.13",
        )
    suite, reference = release or _this_suite(), base_name(added, release)
    platform = platform or default_platform()
    for name in added:
        if not NAME.fullmatch(name):
            raise UsageError(
                f"--package: expected the name of a Debian package, got {name!r}",
                "for example --package libgl1",
            )
    if reference is None:
        raise PackageError(
            f"package base: expected one of {', '.join(PYTHONS)}, got suite {suite or 'unknown'}",
            "name one with --release, or use a base from a registry",
        )
    if find_program("mmdebstrap") is None:
        raise PackageError(
            "package base: expected the program mmdebstrap, got none",
            "as root: apt-get install mmdebstrap",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress.step(f"fetching packages of {suite} for {platform}")
        _bootstrap(suite, platform, folder / "packages.tar", sorted(set(added)))
        progress.step("removing files that Python does not need")
        _lay_out(folder / "packages.tar", folder / "root", suite, added)
        python = f"/usr/bin/python{PYTHONS[suite]}"
        compiler = _compiler(folder / "root", python, platform, engine, progress)
        if compiler is not None:
            stdlib = f"usr/lib/python{PYTHONS[suite]}"
            compiler.compile(folder / "root" / stdlib, f"/{stdlib}")
        entries = [*tree_entries(folder / "root", ""), Entry("tmp", mode=0o1777)]
        write_tar(folder / "layer.tar", entries)
        return save_base(reference, platform, folder / "layer.tar", CONFIG, engine)


def _compiler(
    root: Path, python: str, platform: str, engine: Engine | None, progress: Progress
) -> Compiler | None:
    """The compiler of the standard library: its own Python, or one of the same version."""
    if platform == default_platform():
        return LoaderCompiler(root, python, "")
    program, release = root / python.lstrip("/"), python.rpartition("/python")[2]
    versions_found = releases_in(program.read_bytes(), release)
    if len(versions_found) != 1:
        raise PackageError(
            f"base for {platform}: expected one release of Python {release} in {python}, got "
            f"{', '.join(sorted(versions_found)) or 'none'}",
            "make this machine's base, or one of another --release",
        )
    (version,) = versions_found
    compiler = native_compiler(version, engine)
    if compiler is None:
        progress.warn(
            f"no Python {version} for {default_platform()} is known here: the base gets no "
            "bytecode and starts more slowly; make this machine's base first, with `package base`"
        )
    return compiler


def check_system_packages(packages: Sequence[str], base: BaseImage | None) -> None:
    """Raise ``PackageError`` unless ``base`` records every Debian package that is ``packages``."""
    held = {entry.partition("=")[0] for entry in base.saved.packages} if base else set()
    # Debian and Ubuntu renamed packages for 64-bit time_t (suffix t64); the sonames are the same.
    absent = [name for name in packages if name not in held and f"{name}t64" not in held]
    if absent:
        arguments = " ".join(f"--package {name}" for name in sorted(set(packages)))
        reference = base_name(packages)
        raise PackageError(
            f"package.toml: `image.system_packages`: expected a base that records "
            f"{', '.join(absent)}, got {base.saved.reference if base else 'no base'}",
            f"make one with `package base {arguments}`"
            + (f" and build with --base {reference}" if reference else " on Debian or Ubuntu"),
        )


def _this_suite() -> str:
    try:
        return host.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def _included(suite: str) -> list[str]:
    python = PYTHONS[suite]
    packages = ["base-files", "ca-certificates", "libgomp1", "libstdc++6", "media-types", "tzdata"]
    return [*packages, "python3-minimal", f"python{python}-minimal", f"libpython{python}-stdlib"]


def _bootstrap(suite: str, platform: str, archive: Path, added: Sequence[str]) -> None:
    packages = ",".join([*_included(suite), *added])
    command = [
        find_program("mmdebstrap") or "mmdebstrap",
        "--variant=extract",
        f"--include={packages}",
        f"--architectures={platform.partition('/')[2]}",
    ]
    done = subprocess.run(
        [*command, f"--extract-hook={LIST_SCRIPT}", suite, str(archive)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    for name in added:
        if f"Unable to locate package {name}\n" in done.stderr:
            raise UsageError(
                f"--package: expected a package of {suite}, got {name!r}",
                f"search for it with `apt-cache search {name}`",
            )
    raise PackageError(
        f"mmdebstrap failed: {done.stderr.strip()[-500:]}",
        "check that the mirrors in /etc/apt can be reached (apt-get update)",
    )


def _lay_out(archive: Path, root: Path, suite: str, added: Collection[str]) -> None:
    """Write the base's files below ``root``: needed files, accounts, certificates, versions."""
    included = _included(suite)
    with archive.open("rb") as file:
        reader = TarReader(file, plain_tar(archive.name))
        debs = read_debs(reader)
        plain = dependency_closure(debs, included)
        required = debs.keys() - plain | set(added) & debs.keys()
        unpack(reader, root, debs, required)
    python = {name for name in debs if name.startswith(("python3", "libpython3"))}
    drop_unneeded(root, debs, required | python | set(included))
    for name, content in ACCOUNTS.items():
        (root / name).write_bytes(content)
    bundle_certificates(root)
    write_status(root, debs.values())
    (root / PACKAGES).parent.mkdir(parents=True)
    (root / PACKAGES).write_bytes(canonical_json(versions(debs.values())) + b"\n")
