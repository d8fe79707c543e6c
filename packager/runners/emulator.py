"""Runs an image for another platform under user-mode QEMU, without a change of this machine.

With an engine in a container without a network, else in a process that the kernel confines. QEMU
itself is a static program of this machine; it needs no registration (binfmt).
"""

from __future__ import annotations

import json
import posixpath
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.engine.job import WORK, ContainerJob
from packager.environment.platform import MACHINES
from packager.environment.programs import find_program
from packager.errors import PackageError
from packager.image.base.saved import BaseImage
from packager.image.bytecode import CLEAN_ENVIRONMENT
from packager.image.config import LABEL, Image, assemble
from packager.image.export import load_into
from packager.image.layers import Entry, plain_layer, write_members
from packager.image.rootfs import unpack_layers
from packager.progress import Progress
from packager.runners import emulated_answers
from packager.runners.confined import confined
from packager.worker.processes.run_to_end import run_to_end

SCRIPT = Path(emulated_answers.__file__)
EMULATOR = "opt/emulator"
"""The program in a container."""


def find_emulator(platform: str) -> Path | None:
    """The static user-mode QEMU for ``platform``; None if this machine has none."""
    program = find_program(f"qemu-{MACHINES[platform]}-static")
    return None if program is None else Path(program)


class EmulatedImage(Protocol):
    """An image under emulation."""

    @property
    def root(self) -> str:
        """The root of its files, for its own processes."""

    def answers(self, kind: str, requests: Mapping[str, Any]) -> dict[str, Any]:
        """The output of ``emulated_answers``; raises ``PackageError`` if it fails."""


@contextmanager
def emulated(
    image: Image, base: BaseImage, native: tuple[str, Engine | None], progress: Progress
) -> Iterator[EmulatedImage]:
    """``image`` under the emulator for its platform, which must be there.

    ``native``: this machine's platform, and the engine if containers are used.
    """
    program = find_emulator(base.saved.platform)
    assert program is not None
    platform, engine = native
    with temporary_directory() as folder:
        if engine is None:
            above = [layer.path for layer in image.layers[len(base.layers) :]]
            root = unpack_layers(above, folder / "image")
            yield _Process(program, root, base, progress)
            return
        layer = plain_layer(
            "emulator", folder / "emulator.tar", [Entry(EMULATOR, source=program, mode=0o755)]
        )
        name, layers = engine.temporary("emulated"), [*image.layers, layer]
        assembled = assemble(name, base.locked, layers, platform, {LABEL: "emulated"})
        try:
            load_into(engine, assembled, progress)
            yield _Container(engine, name, base.saved.interpreter, progress)
        finally:
            engine.remove(name)


@dataclass(frozen=True)
class _Container:
    engine: Engine
    image: str
    interpreter: str
    progress: Progress

    @property
    def root(self) -> str:
        """As ``EmulatedImage.root``."""
        return "/"

    def answers(self, kind: str, requests: Mapping[str, Any]) -> dict[str, Any]:
        """As ``EmulatedImage.answers``."""
        names = [f"{WORK}/script.py", kind, self.root, f"{WORK}/asked.json", f"{WORK}/out/found"]
        members = [
            Entry("script.py", source=SCRIPT),
            Entry("asked.json", source=json.dumps(requests).encode()),
            Entry("out", mode=0o777),
        ]
        with tempfile.TemporaryFile() as files, temporary_directory() as output:
            write_members(files, members)
            files.seek(0)
            job = ContainerJob(
                self.image,
                [f"/{EMULATOR}", self.interpreter, "-B", *names],
                CLEAN_ENVIRONMENT,
                files,
                doing="predicting under emulation",
            )
            ended = self.engine.job(job, output, self.progress.output)
            return _read(output / "found", ended.reason)


@dataclass(frozen=True)
class _Process:
    program: Path
    folder: Path
    base: BaseImage
    progress: Progress

    @property
    def root(self) -> str:
        """As ``EmulatedImage.root``."""
        return str(self.folder)

    def answers(self, kind: str, requests: Mapping[str, Any]) -> dict[str, Any]:
        """As ``EmulatedImage.answers``."""
        top = self.base.folder / "root"
        python = self.base.saved.interpreter
        with temporary_directory() as folder, tempfile.TemporaryFile() as report:
            (folder / "asked.json").write_text(json.dumps(requests), encoding="utf-8")
            (folder / "script.py").write_bytes(SCRIPT.read_bytes())
            names = [folder / "script.py", kind, self.root, folder / "asked.json", folder / "found"]
            command = [str(self.program), "-L", str(top), f"{top}{python}", "-B", *map(str, names)]
            home = posixpath.dirname(posixpath.dirname(python))
            ended = run_to_end(
                confined(command, self.folder, [self.folder, top], [folder], report.fileno()),
                self.progress.output,
                cwd=self.folder / "code",
                env={**CLEAN_ENVIRONMENT, "PYTHONHOME": f"{top}{home}", "TMPDIR": str(folder)},
                pass_fds=[report.fileno()],
            )
            return _read(folder / "found", ended.reason)


def _read(path: Path, ended: str) -> dict[str, Any]:
    """The answers; raises ``PackageError`` if there are none."""
    answers: dict[str, Any] = (
        json.loads(path.read_bytes()) if path.is_file() else {"error": f"it ended with {ended}"}
    )
    if "error" in answers:
        raise PackageError(
            f"under emulation: {answers['error']}", "the image proves itself when a server starts"
        )
    return answers
