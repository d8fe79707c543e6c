"""``poetry.lock``: the locked version of each package that the project needs on the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from poetry.core.constraints.version import Version
from poetry.core.packages.dependency import Dependency
from poetry.core.version.markers import parse_marker

from packager.environment.formats import poetry_project, pyproject, values
from packager.environment.formats.pins import LockedFile, LockedPackage, check_satisfied, line_of
from packager.environment.formats.poetry_project import INVALID, PoetryDependency
from packager.environment.formats.selection import DependencySelection
from packager.errors import UsageError

NAME = "poetry.lock"
MAJORS = ("1", "2")
"""Versions of the format that are read, by the number before the dot."""


def lines(
    content: Mapping[str, Any], selection: DependencySelection, project: Mapping[str, Any]
) -> list[str]:
    """A line for each package of the lock ``content`` that ``project`` needs, in its version.

    ``project`` is the ``pyproject.toml`` beside it. Raises ``UsageError`` for a lock of another
    format, for one that does not fit ``project`` or the target, and for damage.
    """
    metadata = values.table(content.get("metadata"), "metadata", NAME)
    version = str(metadata.get("lock-version", ""))
    if version.partition(".")[0] not in MAJORS:
        raise UsageError(
            f"{NAME}: expected lock-version 1 or 2, got {values.display(version)}",
            "lock again with Poetry 1 or 2, or take it from version control if it is damaged",
        )
    lock = _Lock(content, metadata, selection)
    pins = lock.walk(_roots(project, selection))
    own = [] if _of_poetry(project) else pyproject.lines(project, selection, Path())
    check_satisfied(own, pins, selection, NAME)
    poetry = values.table(
        values.table(project.get("tool"), "tool", pyproject.NAME).get("poetry"),
        poetry_project.SECTION,
        pyproject.NAME,
    )
    indexes = poetry_project.index_lines(poetry, pyproject.NAME)
    return [*indexes, *(line_of(pin, selection, NAME) for pin in pins)]


def _of_poetry(project: Mapping[str, Any]) -> bool:
    table = values.table(project.get("project"), "project", pyproject.NAME)
    return "dependencies" not in table


def _roots(
    project: Mapping[str, Any], selection: DependencySelection
) -> Iterator[PoetryDependency]:
    if _of_poetry(project):
        tool = values.table(project.get("tool"), "tool", pyproject.NAME)
        poetry = values.table(tool.get("poetry"), poetry_project.SECTION, pyproject.NAME)
        yield from poetry_project.edges(poetry, selection, pyproject.NAME)
        return
    for line in pyproject.lines(project, selection, Path()):
        if line[0] not in "-.":
            yield PoetryDependency(Dependency.create_from_pep_508(line))


class _Lock:
    """The packages of a lock by name, and the pins that were reached so far."""

    def __init__(
        self,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any],
        selection: DependencySelection,
    ) -> None:
        self.selection = selection
        self.files = values.table(metadata.get("files"), "metadata.files", NAME)
        self.packages: dict[str, list[dict[str, Any]]] = {}
        for package in values.tables(content.get("package"), "package", NAME):
            name = canonicalize_name(values.text(package.get("name"), "package.name", NAME))
            values.text(package.get("version"), f"package.{name}.version", NAME)
            self.packages.setdefault(str(name), []).append(package)

    def walk(self, roots: Iterator[PoetryDependency]) -> list[LockedPackage]:
        """The pins that ``roots`` need, directly and indirectly, sorted by name."""
        waiting = [edge for edge in roots if self._applies(edge, frozenset())]
        pins: dict[str, LockedPackage] = {}
        seen = set[tuple[str, frozenset[str]]]()
        while waiting:
            edge = waiting.pop()
            package = self._locked(edge)
            name, extras = (
                str(canonicalize_name(package["name"])),
                frozenset(edge.dependency.extras),
            )
            pins[name] = self._pin(package)
            if (name, extras) not in seen:
                seen.add((name, extras))
                waiting += self._needs(package, extras)
        return [pins[name] for name in sorted(pins)]

    def _needs(
        self, package: Mapping[str, Any], extras: frozenset[str]
    ) -> Iterator[PoetryDependency]:
        key = f"package.{package['name']}"
        needs = values.table(package.get("dependencies"), f"{key}.dependencies", NAME)
        named = values.table(package.get("extras"), f"{key}.extras", NAME)
        selected = {
            canonicalize_name(text.partition(" ")[0].partition("[")[0])
            for extra, texts in named.items()
            if canonicalize_name(extra) in extras
            for text in values.texts(texts, f"{key}.extras.{extra}", NAME)
        }
        for name, wish in needs.items():
            for edge in poetry_project.parsed(name, wish, f"{key}.dependencies.{name}", NAME):
                optional = edge.dependency.is_optional() and canonicalize_name(name) not in selected
                if not optional and self._applies(edge, extras):
                    yield edge

    def _applies(self, edge: PoetryDependency, extras: frozenset[str]) -> bool:
        return bool(
            edge.dependency.marker.validate({**self.selection.environment, "extra": set(extras)})
        )

    def _locked(self, edge: PoetryDependency) -> Mapping[str, Any]:
        """The package that the lock holds for an edge; raises ``UsageError`` if there is none."""
        held = self.packages.get(str(canonicalize_name(edge.dependency.name)), [])
        fitting = [package for package in held if self._fits(package, edge)]
        if len(fitting) > 1:
            fitting = [package for package in fitting if self._on_target(package)] or fitting
        if not fitting:
            edge_text = f"{edge.dependency.name} {edge.dependency.pretty_constraint}"
            got = " and ".join(str(package["version"]) for package in held) or "none"
            raise UsageError(
                f"{NAME}: expected {edge_text} as pyproject.toml or another package needs it, got "
                f"{got}",
                "lock again: `poetry lock`",
            )
        return max(fitting, key=lambda package: Version.parse(package["version"]))

    def _fits(self, package: Mapping[str, Any], edge: PoetryDependency) -> bool:
        key = f"package.{package['name']}"
        pythons = values.text(package.get("python-versions", "*"), f"{key}.python-versions", NAME)
        if not poetry_project.allows_python(pythons, self.selection, key, NAME):
            return False
        try:
            version = Version.parse(package["version"])
        except INVALID as error:
            raise _damaged(f"{key}.version", package["version"]) from error
        return edge.dependency.constraint.allows(version) or "source" in package

    def _on_target(self, package: Mapping[str, Any]) -> bool:
        """Whether the markers of a package that the lock holds in several versions apply."""
        markers = package.get("markers", "")
        environment = {**self.selection.environment, "extra": set(self.selection.extras)}
        for text in markers.values() if isinstance(markers, dict) else [markers]:
            try:
                if not text or parse_marker(str(Marker(text))).validate(environment):
                    return True
            except INVALID as error:
                raise _damaged(f"package.{package['name']}.markers", text) from error
        return False

    def _pin(self, package: Mapping[str, Any]) -> LockedPackage:
        name = package["name"]
        listed = package.get("files", self.files.get(name))
        files = []
        for file in values.tables(listed, f"package.{name}.files", NAME):
            called = values.text(file.get("file"), f"package.{name}.files.file", NAME)
            kind, _, digest = str(file.get("hash", "")).partition(":")
            files.append(LockedFile(called, digest if kind == "sha256" else None))
        source = values.table(package.get("source"), f"package.{name}.source", NAME)
        return LockedPackage(
            name, package["version"], tuple(files), _address(source, f"package.{name}")
        )


def _address(source: Mapping[str, Any], key: str) -> str | None:
    kind = source.get("type", "legacy")
    if kind == "legacy":
        return None
    url = values.text(source.get("url"), f"{key}.source.url", NAME)
    if kind in ("directory", "file"):
        return url if url.startswith(("./", "../")) else f"./{url}"
    inner = values.text(source.get("subdirectory", ""), f"{key}.source.subdirectory", NAME)
    end = f"#subdirectory={inner}" if inner else ""
    if kind == "git":
        commit = values.text(source.get("resolved_reference"), f"{key}.source", NAME)
        return f"git+{url}@{commit}{end}"
    if kind == "url":
        return f"{url}{end}"
    raise _damaged(f"{key}.source.type", kind)


def _damaged(key: str, value: Any) -> UsageError:
    return UsageError(
        f"{NAME}: `{key}`: expected what Poetry writes there, got {values.display(value)}",
        "lock again: `poetry lock`",
    )
