"""An image laid out like the official ``python:3.11-slim``, made from Debian's packages.

Debian with a shell and a package manager; Python in ``/usr/local`` with a shared libpython, a
standard library without bytecode, and pip; several layers with whiteouts between them, and a
history with steps that made no layer.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

from packager.digest import canonical_json, sha256_file
from packager.environment.platform import default_platform
from packager.image.base.probe import HOST_VERSION
from packager.image.config import EPOCH, Image
from packager.image.layers import Entry, Layer, plain_layer, tree_entries

PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
STDLIB = f"usr/local/lib/{PYTHON}"
LEFT_OUT = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib"}
LIBRARIES = (
    *("ca-certificates", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6"),
    *("libreadline8", "libsqlite3-0", "libssl3", "libuuid1", "netbase", "tzdata", "zlib1g"),
)
EXCLUDED = ("doc", "locale", "man", "info", "lintian")
SETTINGS = {
    "Cmd": ["python3"],
    "Env": [
        "PATH=/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        f"PYTHON_VERSION={HOST_VERSION}",
    ],
}
MAIN = "#include <Python.h>\nint main(int n, char **a) { return Py_BytesMain(n, a); }\n"
HISTORY = (
    ("# debian.sh --arch 'amd64' out/ 'bookworm' '@1'", True),
    ("ENV PATH=/usr/local/bin:/usr/local/sbin", False),
    ("RUN /bin/sh -c set -eux; apt-get install ca-certificates netbase tzdata # buildkit", True),
    (f"ENV PYTHON_VERSION={HOST_VERSION}", False),
    ("RUN /bin/sh -c set -eux; ./configure --enable-shared; make # buildkit", True),
    ("RUN /bin/sh -c set -eux; ln -svT idle3 /usr/local/bin/idle # buildkit", True),
    ('CMD ["python3"]', False),
)
REMOVED = "usr/share/removed-by-the-next-layer"


def make_slim_image(folder: Path) -> Image:
    """The image, with its layers in ``folder``; needs ``mmdebstrap`` and ``gcc``."""
    links = {"python": "python3", "pip": "pip3", "python-config": "python3-config"}
    layers = (
        _debian(folder),
        plain_layer(
            "certificates",
            folder / "certificates.tar",
            [
                Entry("etc/ssl/site.txt", source=b"of the second layer\n"),
                Entry(f"{REMOVED}/file", source=b"hidden\n"),
                Entry(f"{REMOVED}-too", source=b"hidden\n"),
            ],
        ),
        plain_layer("python", folder / "python.tar", [*_whiteouts(), *_python(folder)]),
        plain_layer(
            "links",
            folder / "links.tar",
            [Entry(f"usr/local/bin/{name}", link=target) for name, target in links.items()],
        ),
    )
    return Image("python:3.11-slim", _config(layers), layers)


def _config(layers: tuple[Layer, ...]) -> bytes:
    steps = [
        {"created": EPOCH, "created_by": step, **({} if made else {"empty_layer": True})}
        for step, made in HISTORY
    ]
    system, architecture = default_platform().split("/")
    described = {"architecture": architecture, "os": system, "created": EPOCH, "config": SETTINGS}
    described["rootfs"] = {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}
    return canonical_json({**described, "history": steps})


def _debian(folder: Path) -> Layer:
    """The Debian packages of the official image, and the libraries that its Python loads."""
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in EXCLUDED]
    raw = folder / "debian-raw.tar"
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(LIBRARIES)}", *excluded]
    subprocess.run([*command, "bookworm", str(raw)], check=True, capture_output=True, cwd="/")
    # Devices can't be made without root; images of registries have none.
    kept = folder / "debian.tar"
    with tarfile.open(raw) as old, tarfile.open(kept, "w", format=tarfile.GNU_FORMAT) as new:
        for info in old:
            if not info.isdev():
                new.addfile(info, old.extractfile(info) if info.isreg() else None)
    raw.unlink()
    return Layer("debian", kept, f"sha256:{sha256_file(kept)}", kept.stat().st_size)


def _whiteouts() -> Iterator[Entry]:
    yield Entry(f"{REMOVED}/.wh..wh..opq", source=b"")
    yield Entry("usr/share/.wh." + f"{REMOVED}-too".rpartition("/")[2], source=b"")


def _python(folder: Path) -> Iterator[Entry]:
    """The Python that runs the tests, moved to ``/usr/local``, without bytecode and tests."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
    for entry in tree_entries(Path(paths["stdlib"]), STDLIB):
        parts = entry.name.removeprefix(STDLIB).split("/")
        if not LEFT_OUT & {*parts} and not entry.name.endswith(".a"):
            yield entry
    found = importlib.metadata.distribution("pip")
    for file in found.files or ():
        if "__pycache__" not in file.parts and ".." not in file.parts:
            place = Path(str(found.locate_file(file)))
            yield Entry(f"{STDLIB}/site-packages/{file}", source=place)
    library = sysconfig.get_config_var("INSTSONAME")
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        place = Path(sysconfig.get_config_var("LIBDIR"), library)
        yield Entry(f"usr/local/lib/{library}", source=place, mode=0o755)
        yield Entry(f"usr/local/lib/{library.removesuffix('.1.0')}", link=library)
        program = _program(folder)
    else:
        program = Path(sys.base_prefix, "bin", PYTHON)
    yield Entry(f"usr/local/bin/{PYTHON}", source=program, mode=0o755)
    yield Entry("usr/local/bin/python3", link=PYTHON)
    script = f"#!/usr/local/bin/{PYTHON}\nfrom pip._internal.cli.main import main\nmain()\n"
    yield Entry("usr/local/bin/pip3", source=script.encode(), mode=0o755)


def _program(folder: Path) -> Path:
    """A program that loads libpython from beside it, as the official one does."""
    source, made = folder / "main.c", folder / PYTHON
    source.write_text(MAIN)
    include, libraries = sysconfig.get_path("include"), sysconfig.get_config_var("LIBDIR")
    flags = [f"-I{include}", f"-L{libraries}", "-Wl,-rpath,$ORIGIN/../lib"]
    subprocess.run(["gcc", "-o", made, source, *flags, f"-l{PYTHON}"], check=True)
    return made
