"""``uv.lock``: the locked version of each package that the project needs on the target."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from packager.environment.formats import pyproject, values
from packager.environment.formats.pins import LockedFile, LockedPackage, check_satisfied, line_of
from packager.environment.formats.selection import DependencySelection
from packager.errors import UsageError

NAME = "uv.lock"
VERSION = 1
LOCAL = ("editable", "virtual", "directory")
"""Sources of a package that are folders."""
_CONFLICT = re.compile(r"extra\s*(==|!=)\s*(['\"])((?:extra|group|project)-[^'\"]*)\2")
"""uv's notation in markers for an extra or group that excludes another one."""

Package = Mapping[str, Any]


def lines(
    content: Mapping[str, Any],
    selection: DependencySelection,
    project: Mapping[str, Any] | None,
    folder: Path,
) -> list[str]:
    """A line for each package of the lock ``content`` that the project needs, in its version.

    ``project`` is the ``pyproject.toml`` beside it in ``folder``, if there is one. Raises
    ``UsageError`` for a lock of another format, for one that does not fit ``project`` or the
    target, and for damage.
    """
    if content.get("version") != VERSION:
        raise UsageError(
            f"{NAME}: expected version {VERSION} of the format, got "
            f"{values.display(content.get('version'))}",
            "lock again with a uv that writes this version, or take it from version control if "
            "it is damaged; `uv export --format pylock.toml --output-file pylock.toml` writes a "
            'lock that [requirements] file = "pylock.toml" reads',
        )
    pythons = values.text(content.get("requires-python", ""), "requires-python", NAME)
    values.check_python(pythons, NAME, selection)
    pins = _Lock(content, selection).walk()
    if project is not None and pyproject.is_declared(project):
        check_satisfied(pyproject.lines(project, selection, folder), pins, selection, NAME)
    return [line_of(pin, selection, NAME) for pin in pins]


class _Lock:
    """The packages of a lock by name, and what of the project is wanted."""

    def __init__(self, content: Mapping[str, Any], selection: DependencySelection) -> None:
        self.selection = selection
        self.packages: dict[str, list[Package]] = {}
        for package in values.tables(content.get("package"), "package", NAME):
            name = values.text(package.get("name"), "package.name", NAME)
            if not values.table(package.get("source"), f"package.{name}.source", NAME):
                raise UsageError(
                    f"{NAME}: `package.{name}.source`: expected where it comes from, got nothing",
                    "lock again: `uv lock`",
                )
            self.packages.setdefault(str(canonicalize_name(name)), []).append(package)
        own = [p for held in self.packages.values() for p in held if _folder(p) == "."]
        if len(own) != 1:
            raise UsageError(
                f"{NAME}: expected the lock of one project in its own folder, got "
                + (f"{len(own)}" if own else "one without it, such as a workspace's"),
                "run `uv export --package NAME --format pylock.toml --output-file pylock.toml`, "
                'and write [requirements] file = "pylock.toml" in package.toml',
            )
        self.own = own[0]

    def walk(self) -> list[LockedPackage]:
        """The pins that the project needs, directly and indirectly, sorted by name."""
        pins: dict[tuple[str, str], LockedPackage] = {}
        seen = set[tuple[int, str]]()
        waiting = [(self.own, dependency) for dependency in self._roots()]
        while waiting:
            parent, dependency = waiting.pop()
            if not self._applies(dependency.get("marker"), parent):
                continue
            package = self._locked(dependency)
            name = str(canonicalize_name(package["name"]))
            if package is not self.own and "virtual" not in package["source"]:
                pin = _pin(package)
                pins[name, pin.version] = pin
            extras = dependency.get("extra", dependency.get("extras"))
            for extra in ("", *values.texts(extras, f"package.{name}.extra", NAME)):
                if (id(package), extra) not in seen:
                    seen.add((id(package), extra))
                    waiting += [(package, one) for one in self._needs(package, extra)]
        packages = [pins[key] for key in sorted(pins)]
        for one, other in itertools.pairwise(packages):
            if canonicalize_name(one.name) == canonicalize_name(other.name):
                raise UsageError(
                    f"{NAME}: expected one version of {one.name}, got {one.version} and "
                    f"{other.version}: the chosen extras or groups exclude each other",
                    "choose one of those that `tool.uv.conflicts` in pyproject.toml lists",
                )
        return packages

    def _roots(self) -> Iterator[Package]:
        yield from self._needs(self.own, "")
        key = f"package.{self.own['name']}"
        for kind, selected, name in (
            ("extra", self.selection.extras, "optional-dependencies"),
            ("group", self.selection.groups, "dev-dependencies"),
        ):
            held = values.table(self.own.get(name), f"{key}.{name}", NAME)
            metadata = values.table(self.own.get("metadata"), f"{key}.metadata", NAME)
            if kind == "extra":
                empty = values.texts(metadata.get("provides-extras"), f"{key}.metadata", NAME)
            else:
                empty = [*values.table(metadata.get("requires-dev"), f"{key}.metadata", NAME)]
            values.check_known(kind, selected, {*held, *empty}, NAME)
            names = {canonicalize_name(one) for one in selected}
            for one, listed in held.items():
                if canonicalize_name(one) in names:
                    yield from values.tables(listed, f"{key}.{name}.{one}", NAME)

    def _needs(self, package: Package, extra: str) -> Iterator[Package]:
        key = f"package.{package['name']}"
        if not extra:
            yield from values.tables(package.get("dependencies"), f"{key}.dependencies", NAME)
            return
        optional = package.get("optional-dependencies")
        for name, listed in values.table(optional, f"{key}.optional-dependencies", NAME).items():
            if canonicalize_name(name) == canonicalize_name(extra):
                yield from values.tables(listed, f"{key}.optional-dependencies.{name}", NAME)

    def _locked(self, dependency: Package) -> Package:
        """The package that a dependency names, by version and source if it says them."""
        name = values.text(dependency.get("name"), "package.dependencies.name", NAME)
        held = self.packages.get(str(canonicalize_name(name)), [])
        same = [
            package
            for package in held
            if all(
                package.get(k) == dependency[k] for k in ("version", "source") if k in dependency
            )
        ]
        if len(same) != 1:
            got = "several" if same else "none"
            raise UsageError(
                f"{NAME}: expected one package {values.display(name)}, got {got}", "run `uv lock`"
            )
        return same[0]

    def _applies(self, marker: Any, parent: Package) -> bool:
        if marker is None:
            return True
        key = f"package.{parent['name']}.dependencies.marker"
        text = _CONFLICT.sub(self._decided, values.text(marker, key, NAME))
        try:
            return self.selection.applies(Marker(text))
        except InvalidMarker as error:
            raise UsageError(
                f"{NAME}: `{key}`: expected a marker, got {values.display(marker)}", "run `uv lock`"
            ) from error

    def _decided(self, match: re.Match[str]) -> str:
        """A marker that is always true or always false, for one about a chosen extra or group."""
        own = canonicalize_name(self.own["name"])
        on = {
            f"extra-{len(own)}-{own}-{canonicalize_name(extra)}" for extra in self.selection.extras
        }
        on |= {
            f"group-{len(own)}-{own}-{canonicalize_name(group)}" for group in self.selection.groups
        }
        on.add(f"project-{len(own)}-{own}")
        holds = (match[3] in on) == (match[1] == "==")
        return f"python_version {'>' if holds else '<'} '0'"


def _pin(package: Package) -> LockedPackage:
    name, source = package["name"], package["source"]
    files = [
        _file(entry, name)
        for entry in values.tables(package.get("wheels"), f"package.{name}.wheels", NAME)
    ]
    sdist = package.get("sdist")
    if sdist is not None:
        files.append(_file(values.table(sdist, f"package.{name}.sdist", NAME), name))
    version = values.text(package.get("version", "0"), f"package.{name}.version", NAME)
    return LockedPackage(name, version, tuple(files), _address(package, source))


def _file(entry: Mapping[str, Any], name: str) -> LockedFile:
    source = next((entry[key] for key in ("filename", "url", "path") if key in entry), None)
    path = urlsplit(values.text(source, f"package.{name}.wheels.url", NAME)).path
    kind, _, digest = str(entry.get("hash", "")).partition(":")
    return LockedFile(unquote(path.rpartition("/")[2]), digest if kind == "sha256" else None)


def _folder(package: Package) -> str | None:
    source = package["source"]
    return next((source[kind] for kind in LOCAL if kind in source), None)


def _address(package: Package, source: Mapping[str, Any]) -> str | None:
    """The address in place of a version; None for a package of an index."""
    local = _folder(package) or source.get("path")
    if local is not None:
        path = values.text(local, f"package.{package['name']}.source", NAME)
        return path if path.startswith(("./", "../")) else f"./{path}"
    if "url" in source:
        inner = values.text(source.get("subdirectory", ""), "package.source.subdirectory", NAME)
        url = values.text(source["url"], f"package.{package['name']}.source", NAME)
        return url + (f"#subdirectory={inner}" if inner else "")
    if "git" in source:
        parts = urlsplit(str(source["git"]))
        inside = parse_qs(parts.query).get("subdirectory")
        end = f"#subdirectory={inside[0]}" if inside else ""
        return f"git+{parts._replace(query='', fragment='').geturl()}@{parts.fragment}{end}"
    return None
