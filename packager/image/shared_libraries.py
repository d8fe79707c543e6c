"""Checks that base and wheels provide the shared libraries that the wheels load.

A manylinux wheel may depend on a few system libraries. One that the base lacks would cause an
``ImportError`` in the image; this check reports it at build, with the Debian package that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from packager.errors import PackageError
from packager.image.base.saved import BaseImage
from packager.image.debian_libraries import debian_libraries
from packager.image.layer_contents import LayerContents, NeededLibraries, contents
from packager.image.stack import Stack
from packager.progress import Progress

# Default search folders of a loader, and everything below /usr/local.
SYSTEM_FOLDERS = re.compile(r"(usr/)?lib(64)?(/[\w-]+-linux-gnu\w*)?|usr/local/.+")
# Libraries for hardware or plugins that may be absent: the wheels import the parts that need them
# inside a try. The driver's libraries come from the host with the graphics card; InfiniBand and MPI
# are plugins of NVIDIA's wheels; numba falls back from TBB to its own threads.
OPTIONAL = re.compile(
    r"lib(cuda|nvidia-ml|nvcuvid|nvidia-encode|mlx5|ibverbs|rdmacm|mpi|tbb|tbbmalloc)\.so"
)
OTHER_LIBC = re.compile(r"libc\.musl-|ld-musl-|libc\.so$")


def check_libraries(base: BaseImage | None, stack: Stack, progress: Progress) -> None:
    """Raise ``PackageError`` for libraries that wheels load and neither base nor wheels hold.

    Warns of missing optional ones. Without a base nothing is checked.
    """
    if base is None:
        return
    held = _held_by_base(base)
    below = [contents(layer) for layer in stack.below[len(base.layers) :]]
    worker = [contents(layer) for layer in (*stack.trees, *stack.worker)]
    # The served image holds no worker wheels, so their libraries don't count for it.
    held |= _names(below)
    absent = list(_absent(below, held))
    absent += _absent(worker, held | _names(worker))
    for loads, name in absent:
        if OPTIONAL.match(name):
            progress.warn(
                f"{loads.wheel}: {name} is not in the image; parts that need it won't run"
            )
    needed = [(loads, name) for loads, name in absent if not OPTIONAL.match(name)]
    if needed:
        raise _missing(needed, base.saved.reference)


def _held_by_base(base: BaseImage) -> set[str]:
    paths = next((e[16:] for e in base.saved.env if e.startswith("LD_LIBRARY_PATH=")), "")
    base_paths = {path.strip("/") for path in paths.split(":")}
    files = [
        PurePosixPath(file) for layer in base.layers for file in contents(layer).shared_objects
    ]
    return {
        file.name
        for file in files
        if SYSTEM_FOLDERS.fullmatch(str(file.parent)) or str(file.parent) in base_paths
    }


def _names(layers: Iterable[LayerContents]) -> set[str]:
    """File names of the shared objects: wheels find vendored ones by their own search path."""
    return {PurePosixPath(file).name for layer in layers for file in layer.shared_objects}


def _absent(
    layers: Iterable[LayerContents], held: set[str]
) -> Iterator[tuple[NeededLibraries, str]]:
    for layer in layers:
        for loads in layer.loads:
            # Built for another libc, never loaded with glibc.
            if not any(OTHER_LIBC.match(name) for name in loads.needed):
                yield from ((loads, name) for name in loads.needed if name not in held)


def _missing(needed: Sequence[tuple[NeededLibraries, str]], reference: str) -> PackageError:
    by_wheel: dict[str, set[str]] = {}
    for loads, name in needed:
        by_wheel.setdefault(loads.wheel, set()).add(name)
    lines = [
        f"wheel {wheel} needs {', '.join(_with_package(name) for name in sorted(names))}"
        for wheel, names in sorted(by_wheel.items())
    ]
    every = {name for _, name in needed}
    table = debian_libraries()
    packages = sorted({table.packages[name] for name in every if name in table.packages})
    unknown = sorted(name for name in every if name not in table.packages)
    hints = []
    if unknown:
        hints.append(
            f"find the Debian package of {', '.join(unknown)} (apt-file search): the table of "
            f"{table.checked} lacks it"
        )
    arguments = " ".join(f"--package {package}" for package in packages or ["PACKAGE"])
    hints.append(f"make a base that has it with `package base {arguments}` and build with --base")
    hints.append("or install it in an image of your own (FROM your base) and build with that")
    return PackageError(f"base {reference}: {'; '.join(lines)}", ", ".join(hints))


def _with_package(name: str) -> str:
    package = debian_libraries().packages.get(name)
    return f"{name} (Debian package {package})" if package else name
