"""Run a package without a container: unpack its layers for this machine's Python."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.cache import atomic_directory, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes
from packager.environment.platform import host_target
from packager.environment.programs import isolated_python, run
from packager.errors import PackageError
from packager.image.config import ENVIRONMENT, TRAINING
from packager.image.layers import Layer
from packager.image.runtime import INSTALLED_AT, VENV
from packager.tar_reader import unpack_plain

# Layers that belong to one package; all others except the base contain shared dependencies.
OWN = ("runtime", TRAINING, "code", "model", "package", "data", "retrained")


@dataclass(frozen=True)
class UnpackedPackage:
    """A package unpacked at ``path``, with the interpreter of its dependencies."""

    path: Path
    python: Path
    worker: Path | None
    """Folder of the modules that only training and replay need; None if there is none."""

    def readable(self) -> list[Path]:
        """Paths that a worker may read: the package's files and its dependencies."""
        own = [place for place in self.path.iterdir() if place.name != "tmp"]
        return [*own, self.environment, *([self.worker] if self.worker else [])]

    def writable(self) -> list[Path]:
        """Paths that a worker may write: its copy of the code, its inputs, and temporary files."""
        return [self.path / name for name in ("code", "work", "tmp")]

    @property
    def environment(self) -> Path:
        """The folder of the dependencies."""
        return self.python.parents[1]

    def variables(self) -> dict[str, str]:
        """The image's variables, adapted to ``path``; none are inherited from this process."""
        places = [self.path / INSTALLED_AT, self.path / "code", self.path / "code/src"]
        places += [self.worker] if self.worker else []
        scratch = self.path / "tmp"
        scratch.mkdir(exist_ok=True)
        return {
            **ENVIRONMENT,
            "PATH": f"{self.python.parent}:{os.defpath}",
            "MODEL_ROOT": str(self.path),
            "PYTHONPATH": ":".join(str(place) for place in places),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "BENTOML_HOME": str(scratch / "bentoml"),
        }


def check_host(python: str, platform: str) -> None:
    """Raise ``PackageError`` if the lock is for another Python, system or processor."""
    target = host_target()
    found = f"Python {target.python} on {target.platform}" if target else sys.platform
    if target is None or (target.python, target.platform) != (python, platform):
        raise PackageError(
            f"without a container: expected Python {python} on {platform}, got {found}",
            "start Docker, or run `package` under that Python",
        )


@contextmanager
def unpacked_package(layers: Sequence[Layer]) -> Iterator[UnpackedPackage]:
    """Unpack ``layers`` within the block; dependencies stay in the cache.

    Raise ``PackageError`` for an image that this program did not make.
    """
    # Dependencies of serving are below the code layer, those of the worker above it. They get
    # separate folders, so that serving finds the same modules as in a container.
    names = [layer.name for layer in layers]
    if not {"runtime", "code"} <= set(names):
        raise PackageError(
            "without a container: expected layers of this program, got those of another Dockerfile",
            "run it without --local, or copy /opt/venv, /opt/runtime and /code one by one",
        )
    code = names.index("code")
    environment = _environment(_shared(layers[:code]))
    worker = _environment(_shared(layers[code:]))
    with tempfile.TemporaryDirectory(prefix="package-") as name:
        root = Path(name).resolve()
        for layer in layers:
            if layer.name in OWN:
                _unpack(layer, root, inside=True)
        (root / "code").mkdir(exist_ok=True)
        modules = next(iter(worker.glob(f"{VENV}/lib/*/site-packages")), None)
        yield UnpackedPackage(root, environment / VENV / "bin" / "python", modules)


def _shared(layers: Sequence[Layer]) -> list[Layer]:
    return [layer for layer in layers if layer.name not in (*OWN, "base")]


def _environment(layers: Sequence[Layer]) -> Path:
    """The cached folder of ``layers``, unpacked once per set of layers and interpreter."""
    interpreter = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    key = [sys.version, str(interpreter), *(layer.diff_id for layer in layers)]
    folder = cache_directory("environments") / sha256_bytes(canonical_json(key))[:32]
    if not folder.is_dir():
        with atomic_directory(folder) as new:
            for layer in layers:
                _unpack(layer, new, inside=False)
            _refuse_links(new)
            if (new / VENV / "pyvenv.cfg").is_file():
                _rewrite_venv(new / VENV, interpreter)
            _compile(new / VENV / "lib", interpreter)
    touch(folder)
    return folder


def _rewrite_venv(venv: Path, interpreter: Path) -> None:
    """Make the unpacked environment use ``interpreter``."""
    python = venv / "bin" / "python"
    python.unlink()
    python.symlink_to(interpreter)
    config = venv / "pyvenv.cfg"
    text = config.read_text().split("\n", 1)[1]
    config.write_text(f"home = {interpreter.parent}\n{text}")


def _compile(folder: Path, interpreter: Path) -> None:
    """Compile layers without bytecode, which were made without a base."""
    if folder.is_dir() and next(folder.rglob("*.pyc"), None) is None:
        command = isolated_python("-m", "compileall", "-qq", "-j", "0", python=str(interpreter))
        command += ["--invalidation-mode", "unchecked-hash", str(folder)]
        # Files that do not compile (templates, Python 2) are skipped.
        run(command, os.environ)


def _refuse_links(folder: Path) -> None:
    """Raise ``PackageError`` if a path of the environment that is used here is a link.

    Dependencies may contain links, because this program neither opens nor changes their files.
    """
    venv, top = folder / VENV, os.path.realpath(folder)
    named = [venv, *(venv / name for name in ("bin", "lib", "pyvenv.cfg"))]
    for place in (*named, *venv.glob("lib/*"), *venv.glob("lib/*/site-packages")):
        inside = str(place.relative_to(folder))
        if os.path.realpath(place) != os.path.join(top, inside):
            raise PackageError(
                f"dependencies: expected a file or folder at {inside}, got a link",
                "the package is malicious, or was made by another program: ask its author",
            )


def _unpack(layer: Layer, folder: Path, *, inside: bool) -> None:
    with layer.members() as members:
        unpack_plain(members, folder, inside=inside)
