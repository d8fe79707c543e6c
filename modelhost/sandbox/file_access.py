"""Deny a recipe files that are neither in its project nor in its data.

A container doesn't have them; a process on this machine can open them, and would train on data
that is not in the package. So they are denied there by an audit hook, whose error names the line of
the project, and, where available, by the kernel (``kernel``), which covers C code and subprocesses.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from modelhost.errors import PackageError
from modelhost.sandbox.kernel import close_files
from modelhost.sandbox.network import isolation

SYSTEM = ("/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/etc", "/bin", "/sbin")

# In a container the root is "/", which would allow everything.
INPUT_FOLDERS = ("models", "data", "package")


# A recipe that copied the recorded model from there would seem to be repeatable.
RECORDED_FOLDERS = ("models", "package")
WORK_FOLDER = "work"
"""The input files of a worker and, in a container, its results."""


def restrict_file_access(
    root: Path, *more: Path, readable: Sequence[Path] = (), training: bool = False
) -> None:
    """From now on, raise ``PackageError`` if the project's code reads a file outside its folders.

    Allowed: ``root``, ``more``, ``readable``, the interpreter and its libraries, the temporary
    folder and system folders; of these, the kernel lets it write to ``more``, the working directory
    and the temporary folder. The audit hook only checks opens with a frame of the project on the
    stack, not those of libraries at import; the kernel checks every open. ``training``: the
    package's recorded model and manifest are denied too.
    """
    refuse_by_kernel(root, *more, readable=readable, training=training)
    here = f"{Path.cwd().resolve()}{os.sep}"
    paths = (
        *(f"{location}{os.sep}" for location in allowed_paths(root, *more, *readable)),
        *SYSTEM,
    )
    recorded = (
        tuple(f"{(root / name).resolve()}{os.sep}" for name in RECORDED_FOLDERS) if training else ()
    )

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        # First: it takes less time than resolving the path, and most files are opened by libraries.
        frame = _project_frame(sys._getframe(1), here)
        if frame is None:
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        known = path.startswith(recorded)
        if (not known and path.startswith(paths)) or not os.path.isfile(path):
            return
        raise _known(path, _line(frame, here)) if known else _outside(path, _line(frame, here))

    sys.addaudithook(hook)


def refuse_by_kernel(
    root: Path, *more: Path, readable: Sequence[Path] = (), training: bool = False
) -> None:
    """Have the kernel deny all other files, where it can; its errors don't name the project's line.

    ``more``, the working directory and the temporary folder are writable.
    """
    hidden = (*RECORDED_FOLDERS, WORK_FOLDER) if training else ()
    below = (
        sorted(path for path in root.iterdir() if path.name not in hidden) if root.is_dir() else []
    )
    whole = root.resolve() == Path("/")  # a container, whose engine restricts writing
    scratch = [Path(os.environ[name]) for name in ("TMPDIR", "HOME") if os.environ.get(name)]
    writable = [Path.cwd(), *more, *scratch, *(below if whole else ())]
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    read = [*below, *readable, *_own_paths(), *(Path(path) for path in libraries if path)]
    lists = ([path for path in paths if path != Path("/")] for paths in (read, writable))
    close_files(root, *lists, contained=isolation() == "container")


def _known(path: str, location: str) -> PackageError:
    return PackageError(
        f"the recipe read {path}, which its repeat is compared with",
        f"see {location}: train from the data, or package the model without a recipe",
    )


def _outside(path: str, location: str) -> PackageError:
    return PackageError(
        f"the recipe read {path}, which is neither in the project nor in its data",
        f"see {location}: put the file into the project; a replay has nothing else",
    )


def allowed_paths(root: Path, *more: Path) -> tuple[str, ...]:
    """The folders that the project's code may read, resolved, in addition to system folders."""
    own = (root / name for name in INPUT_FOLDERS)
    return tuple(
        str(path.resolve())
        for path in (root, *own, Path.cwd(), *more, *_own_paths())
        if str(path) not in ("", "/")
    )


def _own_paths() -> list[Path]:
    paths = sysconfig.get_paths()
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, paths["stdlib"], paths["purelib"]]
    folders += [os.environ.get("TMPDIR", ""), os.environ.get("HOME", ""), *sys.path]
    return [Path(path) for path in folders if path]


def _project_frame(frame: FrameType | None, here: str) -> FrameType | None:
    """The innermost frame of the project, whose files begin with ``here``; None if none is."""
    while frame is not None and not frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    return frame


def _line(frame: FrameType, here: str) -> str:
    """``file:line`` of a frame of the project."""
    return f"{os.path.relpath(frame.f_code.co_filename, here)}:{frame.f_lineno}"
