"""Poetry's part of ``pyproject.toml``: dependencies in its own notation, groups and indexes.

``poetry-core``, which Poetry itself reads them with, parses versions and markers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from poetry.core.constraints.version import Version, parse_constraint
from poetry.core.constraints.version.exceptions import ParseConstraintError
from poetry.core.factory import Factory
from poetry.core.packages.dependency import Dependency
from poetry.core.version.exceptions import InvalidVersionError
from poetry.core.version.markers import InvalidMarkerError

from packager.environment.formats import values
from packager.environment.formats.selection import MAX_PATCH, DependencySelection
from packager.errors import UsageError

SECTION = "tool.poetry"
DEV = "dev-dependencies"
INVALID = (ParseConstraintError, InvalidVersionError, InvalidMarkerError, ValueError, TypeError,
           AttributeError, KeyError)  # fmt: skip
"""Errors of poetry-core for a dependency that it can't read."""


@dataclass(frozen=True)
class PoetryDependency:
    """A dependency on a package in Poetry's notation, or on a path relative to the file."""

    dependency: Dependency
    path: str | None = None

    def line(self, key: str, called: str) -> str:
        """The requirement as pip reads it; raises ``UsageError`` for a union of versions."""
        marker = "" if self.dependency.marker.is_any() else f" ; {self.dependency.marker}"
        if self.path is not None:
            extras = ",".join(sorted(self.dependency.extras))
            return f"{self.path}{f'[{extras}]' if extras else ''}{marker}"
        try:
            line = self.dependency.to_pep_508()
        except INVALID as error:
            raise _no_dependency(key, self.dependency.name, called) from error
        try:
            return str(Requirement(line))
        except InvalidRequirement as error:
            raise UsageError(
                f"{called}: `{key}`: expected one range of versions, got {values.display(line)}",
                'pip has no "or" of versions: lock with `poetry lock` and write [requirements] '
                'file = "poetry.lock" in package.toml, or write one range',
            ) from error


def is_declared(poetry: Any) -> bool:
    """Whether ``tool.poetry`` declares dependencies in Poetry's own tables."""
    return isinstance(poetry, dict) and any(k in poetry for k in ("dependencies", "group", DEV))


def lines(poetry: Mapping[str, Any], selection: DependencySelection, called: str) -> list[str]:
    """The indexes, the dependencies, and those of the wanted extras and groups.

    Raises ``UsageError`` for an unknown extra or group, another Python than the base's, and for
    what is no dependency.
    """
    dependency_lines = [
        edge.line(edge.dependency.name, called) for edge in edges(poetry, selection, called)
    ]
    return [*index_lines(poetry, called), *dependency_lines]


def edges(
    poetry: Mapping[str, Any], selection: DependencySelection, called: str
) -> Iterator[PoetryDependency]:
    """The dependencies, with optional ones of the wanted extras, and those of the groups."""
    key = f"{SECTION}.dependencies"
    own = values.table(poetry.get("dependencies"), key, called)
    _check_python(own.get("python"), f"{key}.python", called, selection)
    extras = values.table(poetry.get("extras"), f"{SECTION}.extras", called)
    values.check_known("extra", selection.extras, extras, called)
    values.check_known("group", selection.groups, group_names(poetry, called), called)
    selected = {
        canonicalize_name(name)
        for extra, names in extras.items()
        if canonicalize_name(extra) in map(canonicalize_name, selection.extras)
        for name in values.texts(names, f"{SECTION}.extras.{extra}", called)
    }
    for name, wish in own.items():
        optional = any(isinstance(one, dict) and one.get("optional") for one in _each(wish))
        if name != "python" and (not optional or canonicalize_name(name) in selected):
            yield from parsed(name, wish, f"{key}.{name}", called)
    for group in selection.groups:
        yield from _of_group(poetry, group, called)


def group_names(poetry: Mapping[str, Any], called: str) -> list[str]:
    """The groups that Poetry's own tables name."""
    groups = values.table(poetry.get("group"), f"{SECTION}.group", called)
    return [*groups, *(["dev"] if DEV in poetry and "dev" not in groups else [])]


def group_lines(poetry: Mapping[str, Any], group: str, called: str) -> list[str]:
    """The dependencies of one group as pip reads them."""
    return [edge.line(edge.dependency.name, called) for edge in _of_group(poetry, group, called)]


def _of_group(poetry: Mapping[str, Any], group: str, called: str) -> Iterator[PoetryDependency]:
    groups = values.table(poetry.get("group"), f"{SECTION}.group", called)
    key = f"{SECTION}.group.{group}.dependencies"
    for name, content in groups.items():
        if canonicalize_name(name) == canonicalize_name(group):
            listed = values.table(content, f"{SECTION}.group.{name}", called).get("dependencies")
            for one, wish in values.table(listed, key, called).items():
                yield from parsed(one, wish, f"{key}.{one}", called)
    if group == "dev":
        for one, wish in values.table(poetry.get(DEV), f"{SECTION}.{DEV}", called).items():
            yield from parsed(one, wish, f"{SECTION}.{DEV}.{one}", called)


def parsed(name: str, wish: Any, key: str, called: str) -> Iterator[PoetryDependency]:
    """``wish``, a version, a table or a list of them, as dependencies on ``name``."""
    for one in _each(wish):
        path, constraint = None, one
        if isinstance(one, dict) and "path" in one:
            path_text = values.text(one["path"], f"{key}.path", called)
            path = path_text if path_text.startswith(("./", "../")) else f"./{path_text}"
            left_out = ("path", "develop", "subdirectory")
            constraint = {"version": "*", **{k: v for k, v in one.items() if k not in left_out}}
        if not isinstance(constraint, str | dict) or not _is_plain(constraint):
            raise _no_dependency(key, one, called)
        try:
            if isinstance(constraint, dict) and constraint.get("markers"):
                Marker(constraint["markers"])  # poetry-core's error for a wrong one is private
            yield PoetryDependency(Factory.create_dependency(name, constraint), path)
        except INVALID as error:
            raise _no_dependency(key, one, called) from error


def index_lines(poetry: Mapping[str, Any], called: str) -> list[str]:
    """Options for the indexes of ``tool.poetry.source`` that serve any package."""
    options: list[str] = []
    for source in values.tables(poetry.get("source"), f"{SECTION}.source", called):
        priority = source.get("priority", "primary")
        if "url" not in source or priority == "explicit":
            continue
        url = values.text(source["url"], f"{SECTION}.source.url", called)
        first = priority in ("primary", "default") and not options
        options.append(f"{'--index-url' if first else '--extra-index-url'} {url}")
    return options


def _each(wish: Any) -> Iterable[Any]:
    return wish if isinstance(wish, list) else [wish]


def _is_plain(wish: str | dict[str, Any]) -> bool:
    """Whether the values that poetry-core parses are texts."""
    parsed = ("version", "git", "url", "rev", "tag", "branch", "python", "markers", "subdirectory")
    return isinstance(wish, str) or all(isinstance(wish.get(key, ""), str) for key in parsed)


def _no_dependency(key: str, wish: Any, called: str) -> UsageError:
    return UsageError(
        f"{called}: `{key}`: expected a dependency as Poetry reads it, got {values.display(wish)}",
        'write a version such as "^1.2", or a table with version, git, path or url',
    )


def _check_python(pythons: Any, key: str, called: str, selection: DependencySelection) -> None:
    if pythons is None:
        return
    text = values.text(pythons, key, called)
    if not allows_python(text, selection, key, called):
        raise values.other_python(called, text, selection)


def allows_python(pythons: str, selection: DependencySelection, key: str, called: str) -> bool:
    """Whether versions in Poetry's notation hold a patch release of the target's Python."""
    try:
        allowed = parse_constraint(pythons)
    except INVALID as error:
        raise _no_dependency(key, pythons, called) from error
    releases = (f"{selection.target.python}.{patch}" for patch in range(MAX_PATCH))
    return any(allowed.allows(Version.parse(release)) for release in releases)
