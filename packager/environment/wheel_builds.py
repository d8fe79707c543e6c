"""Makes the wheel of one source: fetches its build backend, and hands both to a builder."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from packaging.requirements import InvalidRequirement, Requirement

from packager.cache import temporary_directory
from packager.confinement import small_toml
from packager.environment import built_wheels, wheels
from packager.environment.build_errors import build_failure, no_backend
from packager.environment.formats.selection import DependencySelection
from packager.environment.formats.values import check_python_of
from packager.environment.index import IndexOptions
from packager.environment.platform import WheelTarget
from packager.environment.resolver import resolve_tools
from packager.environment.source_trees import SourceTree
from packager.errors import PackageError
from packager.exit_reason import ExitReason
from packager.manifest.manifest import Wheel
from packager.progress import Progress

LEGACY = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)
SCM_VERSION = "SETUPTOOLS_SCM_PRETEND_VERSION"
_BACKEND = re.compile(r"[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?")
_NEEDS = ("constraint-dependencies", "override-dependencies", "exclude-dependencies")


@dataclass(frozen=True)
class BuildJob:
    """A source and its backend, for a builder."""

    name: str
    source: Path
    subdirectory: str
    tools: Sequence[Wheel]
    """The backend's wheels, in the wheelhouse."""
    backend: str
    backend_path: tuple[str, ...]
    provided: tuple[str, ...]
    """The requirements that ``tools`` meet."""
    variables: Mapping[str, str]


class Builder(Protocol):
    """Runs a build backend: without a network, without this machine's files."""

    @property
    def identity(self) -> str:
        """The dependencies of a build besides its inputs; part of cache keys."""

    def build(self, job: BuildJob, output: Path, progress: Progress) -> ExitReason:
        """Write the wheel into ``output``, or ``requires.json`` with further requirements."""


@dataclass(frozen=True)
class WheelBuilds:
    """Builds for one target."""

    builder: Builder | None
    target: WheelTarget
    progress: Progress

    def build(
        self, tree: SourceTree, name: str | None, index: IndexOptions
    ) -> tuple[Path, tuple[str, ...]]:
        """The wheel in the cache, and names and versions of the tools that made it."""
        builder, called = self.builder, tree.name
        if builder is None:
            raise PackageError(f"{called}: has to be built", "build with `package build`")
        requires, backend, backend_path = read_backend(tree.project, called)
        check_python_of(tree.project, DependencySelection(self.target), f"{called}: pyproject.toml")
        tools = self._tools(requires, called, index)
        key: list[object] = [1, tree.digest, tree.subdirectory, tree.tag, bool(tree.code)]
        key += [[tool.sha256 for tool in tools], builder.identity, self.target.python]
        key += [self.target.platform, sorted(tree.code)]
        if (cached := built_wheels.cached_build(key)) is not None:
            return cached
        variables = {SCM_VERSION: tree.tag} if tree.tag else {}
        job = BuildJob(
            called,
            tree.folder,
            tree.subdirectory,
            tools,
            backend,
            backend_path,
            requires,
            variables,
        )
        self.progress.step(f"building a wheel of {called}")
        started = time.monotonic()
        with temporary_directory() as folder:
            wheel, tools = self._run(job, folder, index)
            built_wheels.check_built(wheel, called, name, self.target)
            trimmed = folder / "trimmed"
            trimmed.mkdir()
            own = built_wheels.without_modules(wheel, tree.code, trimmed) if tree.code else None
            built_wheel = own or wheel
            size, seconds = built_wheel.stat().st_size, time.monotonic() - started
            self.progress.item(built_wheel.name, "built", size, seconds)
            named = tuple(sorted(f"{tool.name}=={tool.version}" for tool in tools))
            return built_wheels.cache_build(key, built_wheel, named), named

    def _run(
        self, job: BuildJob, folder: Path, index: IndexOptions
    ) -> tuple[Path, Sequence[Wheel]]:
        """The wheel that the builder made, and the wheels of the backend that it needed."""
        assert self.builder is not None
        for attempt in ("first", "second"):
            output = folder / attempt
            output.mkdir()
            ended = self.builder.build(job, output, self.progress)
            files = [p for p in output.iterdir() if p.is_file() and not p.is_symlink()]
            wheel_files = [path for path in files if path.suffix == ".whl"]
            if ended.code == 0 and len(wheel_files) == 1:
                return wheel_files[0], job.tools
            requirement_files = [path for path in files if path.name == "requires.json"]
            if ended.code != 0 or not requirement_files or attempt == "second":
                raise build_failure(job.name, job.backend, ended)
            requires = json.loads(requirement_files[0].read_bytes())
            provided = (*job.provided, *(str(one) for one in requires))
            tools = self._tools(provided, job.name, index)
            job = replace(job, tools=tools, provided=provided)
        raise AssertionError("unreachable")

    def _tools(self, requires: Sequence[str], called: str, index: IndexOptions) -> Sequence[Wheel]:
        """The wheels of a backend's requirements, fetched into the wheelhouse."""
        for line in requires:
            try:
                Requirement(line)
            except InvalidRequirement as error:
                raise no_backend(called, f"the requirement {line[:100]!r}") from error
        if not requires:
            return ()
        plain = {name: v for name, v in index.settings.items() if name not in _NEEDS}
        resolved = resolve_tools(
            requires, self.target, replace(index, settings=plain, tied=None), called
        )
        wheels.fetch(resolved, index, self.progress)
        return [item.wheel for item in resolved]


def read_backend(folder: Path, called: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Requirements, backend and ``backend-path`` of a project (PEP 517, PEP 518).

    Raises ``PackageError`` for a project that names none and has no ``setup.py``.
    """
    file = folder / "pyproject.toml"
    if not file.is_file() or file.is_symlink():
        if not (folder / "setup.py").is_file():
            raise no_backend(called, "neither pyproject.toml nor setup.py")
        return LEGACY_REQUIRES, LEGACY, ()
    try:
        table: Any = small_toml(file, f"{called}: pyproject.toml").get("build-system", {})
        requires = tuple(map(str, table.get("requires", LEGACY_REQUIRES)))
        backend = str(table.get("build-backend", LEGACY))
        paths = tuple(map(str, table.get("backend-path", ())))
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise no_backend(called, f"a pyproject.toml that can't be read: {error}") from error
    outside = any(Path(path).is_absolute() or ".." in Path(path).parts for path in paths)
    if not _BACKEND.fullmatch(backend) or outside:
        raise no_backend(called, f"{backend[:100]!r} in {list(paths)}")
    return requires, backend, paths
