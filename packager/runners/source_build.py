"""Run a build backend in a container of the base, or in a confined process on this machine."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile

from modelhost.sandbox import landlock
from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.engine.job import WORK, ContainerJob
from packager.environment.wheel_builds import Builder, BuildJob
from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.exit_reason import ExitReason
from packager.image.base.saved import BaseImage
from packager.progress import Progress
from packager.runners import build_wheel
from packager.runners.confined import confined
from packager.worker.processes.run_to_end import run_to_end

SCRIPT = Path(build_wheel.__file__)
VARIABLES = {
    "LC_ALL": "C.UTF-8",
    "PIP_NO_INDEX": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": str(build_wheel.EPOCH),
    "TZ": "UTC",
}
"""So that equal sources give equal wheels, as far as the backend allows."""


def source_builder(base: BaseImage | None) -> Builder:
    """The builder for sources: in a container if there are a base and its engine."""
    if base is not None and base.engine is not None:
        return ContainerBuilder(base.engine, base)
    return LocalBuilder()


class ContainerBuilder:
    """A container of the base without network and capabilities; no folder of the host is mounted.

    Sources and tools are copied into it.
    """

    def __init__(self, engine: Engine, base: BaseImage) -> None:
        self._engine, self._base = engine, base

    @property
    def identity(self) -> str:
        """See ``Builder``."""
        return f"container {self._base.saved.diff_ids} {SCRIPT.read_text()}"

    def build(self, job: BuildJob, output: Path, progress: Progress) -> ExitReason:
        """See ``Builder``."""
        saved, engine = self._base.saved, self._engine
        name = self._base.in_engine()
        with _prepared(job, saved.interpreter) as folder:
            _write_job(job, folder, Path(WORK) / "in", f"{WORK}/build")
            with tempfile.TemporaryFile() as file:
                _tar(folder, file)
                container = ContainerJob(
                    name,
                    _command(saved.interpreter, Path(WORK) / "in", f"{WORK}/out"),
                    _variables(job, f"{WORK}/in/tools", "/tmp"),
                    file,
                    doing=f"building {job.name}",
                )
                return engine.job(container, output, progress.output)


class LocalBuilder:
    """A process of this machine's Python, confined by the kernel to its own folder.

    Raises ``PackageError`` where the kernel can't confine it to files.
    """

    @property
    def identity(self) -> str:
        """See ``Builder``."""
        return f"process {sys.version} {SCRIPT.read_text()}"

    def build(self, job: BuildJob, output: Path, progress: Progress) -> ExitReason:
        """See ``Builder``."""
        if sys.platform != "linux" or landlock.abi() < landlock.MIN_ABI:
            raise PackageError(
                f"{job.name}: has to be built, and neither an engine nor this kernel (Landlock) "
                "keeps its code from this machine's files",
                "start Docker, and build on a base; or name a wheel of it",
            )
        progress.warn(
            f"no container: the build backend of {job.name} runs on this machine, confined by "
            "the kernel"
        )
        python = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
        with temporary_directory() as root, tempfile.TemporaryFile() as report:
            for name in ("build", "tmp", "out"):
                (root / name).mkdir()
            with _prepared(job, python) as folder:
                _write_job(job, folder, folder, str(root / "build"))
                command = confined(
                    _command(python, folder, str(root / "out")),
                    root,
                    [folder, job.source],
                    [root / "build", root / "tmp", root / "out"],
                    report.fileno(),
                    alone=True,
                )
                ended = run_to_end(
                    command,
                    progress.output,
                    cwd=root / "tmp",
                    env=_variables(job, str(folder / "tools"), str(root / "tmp")),
                    pass_fds=[report.fileno()],
                )
            for path in (root / "out").iterdir():
                if path.is_file() and not path.is_symlink():
                    path.rename(output / path.name)
        return ended


def _command(python: str, folder: Path, output: str) -> list[str]:
    return [python, "-I", "-S", f"{folder}/{SCRIPT.name}", f"{folder}/job.json", output]


@contextmanager
def _prepared(job: BuildJob, python: str) -> Iterator[Path]:
    """A folder with the source (``source``), the backend (``tools``) and the script."""
    with temporary_directory() as folder:
        (folder / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
        os.symlink(job.source, folder / "source")
        (folder / "tools" / "lib").mkdir(parents=True)
        for wheel in job.tools:
            _install(wheel_path(wheel), folder / "tools", python)
        yield folder


def _install(wheel: Path, tools: Path, python: str) -> None:
    """Unpack a wheel of the backend; nothing of it runs here."""
    schemes = {
        "purelib": str(tools / "lib"),
        "platlib": str(tools / "lib"),
        "headers": str(tools / "include"),
        "scripts": str(tools / "bin"),
        "data": str(tools),
    }
    destination = SchemeDictionaryDestination(schemes, interpreter=python, script_kind="posix")
    try:
        with WheelFile.open(wheel) as source:
            install(source, destination, {})
    except (ValueError, OSError, InstallerError) as error:
        raise PackageError(
            f"{wheel.name}: can't be unpacked: {error}", "check the wheel with `pip install` of it"
        ) from error


def _write_job(job: BuildJob, folder: Path, inside: Path, work: str) -> None:
    content = {
        "source": str(inside / "source"),
        "work": work,
        "tools": str(inside / "tools"),
        "subdirectory": job.subdirectory,
        "backend": job.backend,
        "backend_path": list(job.backend_path),
        "provided": list(job.provided),
    }
    (folder / "job.json").write_text(json.dumps(content), encoding="utf-8")


def _variables(job: BuildJob, tools: str, home: str) -> dict[str, str]:
    """The whole environment of a build; nothing of this process's is passed on."""
    return {
        **VARIABLES,
        **job.variables,
        "HOME": home,
        "TMPDIR": home,
        "PATH": f"{tools}/bin:{os.defpath}",
        "PYTHONPATH": f"{tools}/lib",
    }


def _tar(folder: Path, file: IO[bytes]) -> None:
    """Write the files of ``folder`` below ``in/``; any user may read them."""

    def entry(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
        return info

    with tarfile.open(fileobj=file, mode="w") as tar:
        top = tarfile.TarInfo("in")
        top.type, top.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(top)
        for path in folder.iterdir():
            tar.add(path.resolve(), f"in/{path.name}", filter=entry)
    file.seek(0)
