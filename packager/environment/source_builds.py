"""Builds the sources among a project's requirements into wheels, each once.

Everything that a build needs is fetched first, so that the build itself runs without a network and
without this machine's files (``Builder``). Nothing of a source runs here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from packager.cache import temporary_directory
from packager.confinement import small_toml
from packager.digest import sha256_file
from packager.environment import built_wheels, wheels
from packager.environment.build_errors import build_failure, no_backend
from packager.environment.index import IndexOptions
from packager.environment.lock import BuiltWheel, LockFile
from packager.environment.platform import WheelTarget
from packager.environment.requirement_files import DirectRequirements
from packager.environment.resolver import resolve_tools
from packager.environment.resolver_errors import NO_WHEEL
from packager.environment.sdists import find_sdist
from packager.environment.source_trees import ProjectCode, SourceTree, source_tree
from packager.environment.sources import Source, SourceKind, needed, parse_source
from packager.errors import PackageError, UsageError
from packager.exit_reason import ExitReason
from packager.manifest.manifest import Wheel
from packager.progress import Progress

LEGACY = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)
MAX_SOURCES = 100
SCM_VERSION = "SETUPTOOLS_SCM_PRETEND_VERSION"
_BACKEND = re.compile(r"[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?")
_NEEDS = ("constraint-dependencies", "override-dependencies", "exclude-dependencies")


@dataclass(frozen=True)
class BuildJob:
    """A source and its backend, for a builder."""

    called: str
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
        """What a build depends on besides its inputs; part of cache keys."""

    def build(self, job: BuildJob, output: Path, progress: Progress) -> ExitReason:
        """Write the wheel into ``output``, or ``requires.json`` with further requirements."""


class SourceBuilds:
    """The wheels of a project's sources for one target: reused, or built."""

    def __init__(
        self,
        project: ProjectCode,
        target: WheelTarget,
        builder: Builder | None,
        known: Sequence[BuiltWheel],
        progress: Progress,
    ) -> None:
        """``known``: wheels of an earlier lock, reused as far as their sources are the same."""
        self._project, self._target, self._builder = project, target, builder
        self._known = {built.requirement: built for built in known}
        self._progress = progress
        self._done: dict[str, BuiltWheel | PackageError] = {}
        self._overrides: dict[str, str] = {}
        self._indexed: list[Path] = [
            built_wheels.restore_one(built, project.top)
            for built in known
            if built.kind == "index" and self._fits(built)
        ]
        for built in known:
            if built.kind == "index" and self._fits(built):
                self._done[built.requirement] = built

    def replaced(self, asked: DirectRequirements, index: IndexOptions) -> DirectRequirements:
        """``asked`` with the wheel of each source in its place."""
        return replace(
            asked,
            requirements=self._all(asked.requirements, index),
            constraints=self._all(asked.constraints, index),
        )

    def index(self, index: IndexOptions) -> IndexOptions:
        """``index`` that also offers wheels of source distributions built so far."""
        links = [word for path in self._indexed for word in ("--find-links", str(path.parent))]
        overrides = list(self._overrides.values())
        settings = dict(index.settings)
        if overrides:
            settings["override-dependencies"] = [
                *settings.get("override-dependencies", ()), *overrides
            ]  # fmt: skip
        return replace(index, arguments=(*index.arguments, *links), settings=settings)

    def hashes(self, asked: DirectRequirements) -> dict[str, frozenset[str]]:
        """The allowed hashes of ``asked``, with those of wheels built from an allowed file."""
        found = dict(asked.hashes)
        for built in self._done.values():
            if isinstance(built, BuiltWheel) and built.kind == "index":
                name = str(canonicalize_name(parse_wheel_filename(built.filename)[0]))
                if built.source.removeprefix("sha256:") in found.get(name, ()):
                    found[name] |= {built.sha256}
        return found

    def add_missing(self, text: str, asked: DirectRequirements, index: IndexOptions) -> bool:
        """Build the source distribution of the package without a wheel that uv's error names.

        False if there is none, or it was built before.
        """
        found = NO_WHEEL.search(text)
        if found is None or "usable" not in found[0] or len(self._indexed) >= MAX_SOURCES:
            return False
        name = str(canonicalize_name(found["name"]))
        wanted = _specifiers(name, asked, found["pin"])
        sdist = find_sdist(name, wanted, self._target.python, index)
        if sdist is None:
            return False
        called = f"{name}=={sdist.version}"
        if called in self._done:
            return False
        kind: SourceKind = "archive" if sdist.url.startswith("file:") else "url"
        hashes = (f"sha256:{sdist.sha256}",) if sdist.sha256 else ()
        source = Source(kind, name, "", "", sdist.url, hashes=hashes)
        built = self._once(called, source, index)
        if str(parse_wheel_filename(built.filename)[1]) != str(sdist.version):
            raise PackageError(
                f"{called}: expected a wheel of that version, got {built.filename}",
                "its source distribution is damaged: take another version",
            )
        self._done[called] = built.model_copy(update={"kind": "index"})
        self._indexed.append(wheels.wheel_path(built_wheels.as_wheel(built)))
        return True

    def records(self, locked: Sequence[Wheel]) -> tuple[BuiltWheel, ...]:
        """The built wheels among those of a lock."""
        used = {wheel.sha256 for wheel in locked}
        done = [one for one in self._done.values() if isinstance(one, BuiltWheel)]
        return tuple(sorted((o for o in done if o.sha256 in used), key=lambda o: o.requirement))

    def _all(self, lines: Sequence[str], index: IndexOptions) -> tuple[str, ...]:
        found: list[str] = []
        for line in lines:
            source = parse_source(line)
            if source is None:
                found.append(line)
            elif needed(source.marker, self._target):
                found.append(self._wheel(source, index))
        return tuple(found)

    def _wheel(self, source: Source, index: IndexOptions) -> str:
        """The requirement of the wheel of ``source``; sources it requires are built, too."""
        called = source.recorded(self._project.top)
        first = called not in self._done
        built = self._once(called, source, index)
        wheel = wheels.wheel_path(built_wheels.as_wheel(built))
        if first:
            self._build_required(wheel, called, index)
        return source.requirement(str(parse_wheel_filename(wheel.name)[0]), wheel)

    def _build_required(self, wheel: Path, called: str, index: IndexOptions) -> None:
        for line in built_wheels.direct_requirements(wheel):
            required = parse_source(line)
            name = str(canonicalize_name(Requirement(line).name))
            if required is not None and required.kind in ("folder", "archive"):
                raise PackageError(
                    f"{called}: requires {line!r}, a path of another machine",
                    "require it by name and version in its pyproject.toml",
                )
            if required is None or needed(required.marker, self._target):
                self._overrides[name] = line if required is None else self._wheel(required, index)

    def _once(self, called: str, source: Source, index: IndexOptions) -> BuiltWheel:
        if called not in self._done:
            if len(self._done) >= MAX_SOURCES:
                raise UsageError(
                    f"expected at most {MAX_SOURCES} requirements to build, got more",
                    "make wheels of them, and name their folder with --find-links",
                )
            try:
                self._done[called] = self._reused(called, source) or self._built(
                    called, source, index
                )
            except PackageError as error:
                self._done[called] = error
        done = self._done[called]
        if isinstance(done, PackageError):
            raise done
        return done

    def _reused(self, called: str, source: Source) -> BuiltWheel | None:
        """The earlier lock's wheel, if it was built from the same source for this target."""
        known = self._known.get(called)
        if known is None or not self._fits(known) or known.kind != source.kind:
            return None
        if not same_source(known, self._project):
            return None
        built_wheels.restore_one(known, self._project.top)
        return known

    def _fits(self, built: BuiltWheel) -> bool:
        tags = parse_wheel_filename(built.filename)[3]
        return any(tag in self._target.tags for tag in tags)

    def _built(self, called: str, source: Source, index: IndexOptions) -> BuiltWheel:
        if source.kind == "git" and source.url.startswith("file:"):
            top = self._project.top.resolve()
            if not source.path.resolve().is_relative_to(top):
                self._progress.warn(f"{called}: reads a repository outside of the project")
        with source_tree(source, called, self._project, index) as tree:
            wheel, tools = self._build(tree, source.name, index)
        digest = sha256_file(wheel)
        built_wheels.in_wheelhouse(wheel, wheel.name, digest)
        return BuiltWheel(
            requirement=called,
            kind=source.kind,
            source=tree.digest,
            filename=wheel.name,
            sha256=digest,
            tools=tuple(sorted(f"{tool.name}=={tool.version}" for tool in tools)),
        )

    def _build(
        self, tree: SourceTree, name: str | None, index: IndexOptions
    ) -> tuple[Path, Sequence[Wheel]]:
        """The wheel in the cache, and the backend's wheels."""
        builder, called = self._builder, tree.called
        if builder is None:
            raise PackageError(f"{called}: has to be built", "build with `package build`")
        requires, backend, backend_path = read_backend(tree.project, called)
        tools = self._tools(requires, called, index)
        key: list[object] = [1, tree.digest, tree.subdirectory, tree.tag, bool(tree.code)]
        key += [[tool.sha256 for tool in tools], builder.identity, self._target.python]
        key += [self._target.platform, sorted(tree.code)]
        if (cached := built_wheels.cached_build(key)) is not None:
            return cached, tools
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
        self._progress.step(f"building a wheel of {called}")
        started = time.monotonic()
        with temporary_directory() as folder:
            wheel = self._run(job, folder, index)
            built_wheels.check_built(wheel, called, name, self._target)
            trimmed = folder / "trimmed"
            trimmed.mkdir()
            own = built_wheels.without_modules(wheel, tree.code, trimmed) if tree.code else None
            made = own or wheel
            size, seconds = made.stat().st_size, time.monotonic() - started
            self._progress.item(made.name, "built", size, seconds)
            return built_wheels.cache_build(key, made), tools

    def _run(self, job: BuildJob, folder: Path, index: IndexOptions) -> Path:
        assert self._builder is not None
        for attempt in ("first", "second"):
            output = folder / attempt
            output.mkdir()
            ended = self._builder.build(job, output, self._progress)
            found = [p for p in output.iterdir() if p.is_file() and not p.is_symlink()]
            made = [path for path in found if path.suffix == ".whl"]
            if ended.code == 0 and len(made) == 1:
                return made[0]
            more = [path for path in found if path.name == "requires.json"]
            if ended.code != 0 or not more or attempt == "second":
                raise build_failure(job.called, job.backend, ended)
            asked = json.loads(more[0].read_bytes())
            provided = (*job.provided, *(str(one) for one in asked))
            tools = self._tools(provided, job.called, index)
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
            requires, self._target, replace(index, settings=plain, tied=None), called
        )
        wheels.fetch(resolved, index, self._progress)
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


def same_source(built: BuiltWheel, project: ProjectCode) -> bool:
    """Whether a source within the project still has the recorded digest; True for others."""
    path = project.top / built.requirement.partition("#")[0]
    if built.kind == "folder":
        return path.is_dir() and project.digest(path, built.requirement) == built.source
    if built.kind == "archive":
        return path.is_file() and f"sha256:{sha256_file(path)}" == built.source
    return True


def unchanged(lock: LockFile, project: ProjectCode) -> bool:
    """Whether the sources within the project are those that the lock's wheels were built from."""
    return all(same_source(built, project) for built in lock.built)


def _specifiers(name: str, asked: DirectRequirements, pin: str) -> SpecifierSet:
    """What requirements, constraints and uv's error ask of the version of a package."""
    found = SpecifierSet(pin if pin.startswith("==") else "")
    for line in (*asked.requirements, *asked.constraints):
        try:
            required = Requirement(line.partition(" --hash")[0])
        except InvalidRequirement:
            continue
        if canonicalize_name(required.name) == name:
            found &= required.specifier
    return found
