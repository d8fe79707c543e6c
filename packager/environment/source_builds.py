"""Builds the sources among a project's requirements into wheels, each once.

Everything that a build needs is fetched first, so that the build itself runs without a network and
without this machine's files (``Builder``). Nothing of a source runs here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from packager.digest import sha256_file
from packager.environment import built_wheels, wheels
from packager.environment.formats.selection import DependencySelection
from packager.environment.index import IndexOptions
from packager.environment.lock import BuiltWheel, LockFile
from packager.environment.platform import WheelTarget
from packager.environment.requirement_addresses import local_address
from packager.environment.requirement_files import DirectRequirements
from packager.environment.requirement_lines import local_path
from packager.environment.resolver_errors import NO_WHEEL
from packager.environment.sdists import find_sdist
from packager.environment.source_trees import PackagedCode, source_tree
from packager.environment.sources import SourceKind, SourceRequirement, needed, parse_source
from packager.environment.wheel_builds import Builder, WheelBuilds
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Wheel
from packager.progress import Progress
from packager.text import without_credentials

MAX_SOURCES = 100


class SourceBuilds:
    """The wheels of a project's sources for one target: reused, or built."""

    def __init__(
        self,
        project: PackagedCode,
        target: WheelTarget,
        builder: Builder | None,
        known: Sequence[BuiltWheel],
        progress: Progress,
    ) -> None:
        """``known``: wheels of an earlier lock, reused as far as their sources are the same."""
        self._project, self._target = project, target
        self._builds = WheelBuilds(builder, target, progress)
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

    def replaced(self, direct: DirectRequirements, index: IndexOptions) -> DirectRequirements:
        """``direct`` with the wheel of each source in its place."""
        return replace(
            direct,
            requirements=self._all(direct.requirements, index),
            constraints=self._all(direct.constraints, index),
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

    def hashes(self, direct: DirectRequirements) -> dict[str, frozenset[str]]:
        """The allowed hashes of ``direct``, with those of wheels built from an allowed file."""
        hashes = dict(direct.hashes)
        for built in self._done.values():
            if isinstance(built, BuiltWheel):
                name = str(canonicalize_name(parse_wheel_filename(built.filename)[0]))
                if built.source.removeprefix("sha256:") in hashes.get(name, ()):
                    hashes[name] |= {built.sha256}
        return hashes

    def add_missing(self, text: str, direct: DirectRequirements, index: IndexOptions) -> bool:
        """Build the source distribution of the package without a wheel that uv's error names.

        False if there is none, or it was built before.
        """
        match = NO_WHEEL.search(text)
        if match is None or "usable" not in match[0] or len(self._indexed) >= MAX_SOURCES:
            return False
        name = str(canonicalize_name(match["name"]))
        specifiers = _specifiers(name, direct, match["pin"])
        sdist = find_sdist(name, specifiers, self._target.python, index)
        if sdist is None:
            return False
        called = f"{name}=={sdist.version}"
        if called in self._done:
            return False
        kind: SourceKind = "archive" if sdist.url.startswith("file:") else "url"
        hashes = (f"sha256:{sdist.sha256}",) if sdist.sha256 else ()
        source = SourceRequirement(kind, name, "", "", sdist.url, hashes=hashes)
        built = self._build_once(called, source, index)
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
        requirements: list[str] = []
        for line in lines:
            source = parse_source(line)
            if source is None:
                requirements.append(line)
            elif needed(source.marker, self._target):
                requirements.append(self._wheel(source, index))
        return tuple(requirements)

    def _wheel(self, source: SourceRequirement, index: IndexOptions) -> str:
        """The requirement of the wheel of ``source``; sources it requires are built, too."""
        called = source.recorded(self._project.top)
        first = called not in self._done
        built = self._build_once(called, source, index)
        wheel = wheels.wheel_path(built_wheels.as_wheel(built))
        if first:
            self._build_required(wheel, called, index)
            if source.kind == "folder":
                self._build_located(source, called, index)
        return source.requirement(str(parse_wheel_filename(wheel.name)[0]), wheel)

    def _build_required(self, wheel: Path, called: str, index: IndexOptions) -> None:
        for line in built_wheels.direct_requirements(wheel):
            if (shown := without_credentials(line)) != line:
                raise PackageError(
                    f"{called}: requires {shown!r}, and its wheel would hold the credentials",
                    "write the address without them into its pyproject.toml; git's credential "
                    "helper and ~/.netrc are used",
                )
            required = parse_source(line)
            name = str(canonicalize_name(Requirement(line).name))
            if required is not None and required.kind in ("folder", "archive"):
                raise PackageError(
                    f"{called}: requires {line!r}, a path of another machine",
                    "require it by name and version in its pyproject.toml",
                )
            if required is None or needed(required.marker, self._target):
                self._overrides[name] = line if required is None else self._wheel(required, index)

    def _build_located(self, source: SourceRequirement, called: str, index: IndexOptions) -> None:
        """Take what a folder's ``tool.uv.sources`` locate from there, and not from an index."""
        # imported here: poetry-core takes time, and most projects build no folder
        from packager.environment.formats.pyproject import located_lines

        folder, extras = source.path / source.subdirectory, source.extras.strip("[]")
        selection = DependencySelection(
            self._target, tuple(filter(None, re.split(r"\s*,\s*", extras)))
        )
        for name, line in located_lines(folder, selection).items():
            path = local_path(line, folder)
            if path is not None:
                if not path.resolve().is_relative_to(self._project.top.resolve()):
                    raise UsageError(
                        f"{called}: `tool.uv.sources.{name}`: expected a path within the project, "
                        f"got {str(path)[:200]!r}",
                        "copy it into the project, and write its path there",
                    )
                line = f"{name} @ {local_address(line, path).rpartition(' @ ')[2]}"
            required = parse_source(line)
            if required is None:
                self._overrides[name] = line
            elif needed(required.marker, self._target):
                self._overrides[name] = self._wheel(required, index)

    def _build_once(
        self, called: str, source: SourceRequirement, index: IndexOptions
    ) -> BuiltWheel:
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

    def _reused(self, called: str, source: SourceRequirement) -> BuiltWheel | None:
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

    def _built(self, called: str, source: SourceRequirement, index: IndexOptions) -> BuiltWheel:
        if source.kind == "git" and source.url.startswith("file:"):
            top = self._project.top.resolve()
            if not source.path.resolve().is_relative_to(top):
                self._progress.warn(f"{called}: reads a repository outside of the project")
        with source_tree(source, called, self._project, index) as tree:
            if source.kind == "git" and (tree.folder / ".gitmodules").is_file():
                self._progress.warn(f"{called}: its submodules are not fetched")
            wheel, tools = self._builds.build(tree, source.name, index)
        digest = sha256_file(wheel)
        built_wheels.in_wheelhouse(wheel, wheel.name, digest)
        return BuiltWheel(
            requirement=called,
            kind=source.kind,
            source=tree.digest,
            filename=wheel.name,
            sha256=digest,
            tools=tools,
        )


def same_source(built: BuiltWheel, project: PackagedCode) -> bool:
    """Whether a source within the project still has the recorded digest; True for others."""
    path = project.top / built.requirement.partition("#")[0]
    if built.kind == "folder":
        return path.is_dir() and project.digest(path, built.requirement) == built.source
    if built.kind == "archive":
        return path.is_file() and f"sha256:{sha256_file(path)}" == built.source
    return True


def unchanged(lock: LockFile, project: PackagedCode) -> bool:
    """Whether the sources within the project are those that the lock's wheels were built from."""
    return all(same_source(built, project) for built in lock.built)


def _specifiers(name: str, direct: DirectRequirements, pin: str) -> SpecifierSet:
    """The version specifiers of a package in requirements, constraints and uv's error."""
    specifiers = SpecifierSet(pin if pin.startswith("==") else "")
    for line in (*direct.requirements, *direct.constraints):
        try:
            required = Requirement(line.partition(" --hash")[0])
        except InvalidRequirement:
            continue
        if canonicalize_name(required.name) == name:
            specifiers &= required.specifier
    return specifiers
