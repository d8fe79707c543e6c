"""Resolves a project's requirements into wheels, with uv."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uv
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from packager.environment.formats.files import is_lock
from packager.environment.formats.selection import DependencySelection
from packager.environment.index import IndexOptions
from packager.environment.lock import FILENAME, HOST_FLOORS
from packager.environment.platform import WheelTarget
from packager.environment.programs import run
from packager.environment.pylock import ResolvedWheel, listed_files, read_pylock, write_preferences
from packager.environment.requirement_files import DirectRequirements, read_requirements, read_texts
from packager.environment.requirement_lines import refuse_lines
from packager.environment.resolver_errors import (
    Probe,
    conflict,
    resolver_error,
    single_line,
    unreached,
)
from packager.environment.sdists import refusing_index
from packager.environment.uv_config import as_toml
from packager.errors import PackageError
from packager.manifest.manifest import Wheel


def resolve(
    requirements: Path,
    target: WheelTarget | DependencySelection,
    index: IndexOptions,
    *,
    pins: Sequence[Wheel] = (),
) -> list[ResolvedWheel]:
    """Choose one wheel for each dependency of the project, without any requirement of the server.

    What the model host needs and the project does not bring is added. Versions of ``pins`` are kept
    if they still fit; of a requirement with hashes only the files with these hashes are taken.
    ``target`` may name extras and groups, too. ``index.sources`` builds wheels of requirements that
    are none. Raises ``PackageError`` if a requirement does not exist or has no wheel, or if the
    project excludes what the model host needs.
    """
    selection = target if isinstance(target, DependencySelection) else DependencySelection(target)
    target = selection.target
    refuse_lines(read_texts(requirements, selection), target)
    direct = read_requirements(requirements, selection)
    if direct.lost:
        raise direct.lost[0]
    if index.sources is not None:
        direct = index.sources.replaced(direct, index)
    try:
        resolved = _resolve_all(direct, (), target, index, pins)
        _check_floors(resolved, requirements.name)
        names = {item.wheel.name for item in resolved}
        absent = [f"{name}{floor}" for name, floor in HOST_FLOORS.items() if name not in names]
        if not absent:
            return resolved
        return _resolve_all(direct, absent, target, index, [item.wheel for item in resolved])
    except _UvError as error:
        error_found = _explain(error, target, index, requirements.name)
        if is_lock(requirements):
            error_found.hint += f"; do so in what {requirements.name} was made from, and lock again"
        raise error_found from error


def _check_floors(resolved: Sequence[ResolvedWheel], called: str) -> None:
    """Raise ``PackageError`` for a version that the model host can't use."""
    for item in resolved:
        floor = SpecifierSet(HOST_FLOORS.get(item.wheel.name, ""))
        if not floor.contains(item.wheel.version, prereleases=True):
            raise PackageError(
                f"{called}: expected {item.wheel.name}{floor}, which loads and calls the model, "
                f"got {item.wheel.version}",
                f"allow a newer version of {item.wheel.name}",
            )


def resolve_tools(
    requires: Sequence[str], target: WheelTarget, index: IndexOptions, called: str
) -> list[ResolvedWheel]:
    """One wheel for each requirement of a build backend, and for each of their dependencies.

    ``called`` is the source. Raises ``PackageError`` if one can't be resolved.
    """
    with tempfile.TemporaryDirectory() as name:
        source, locked = Path(name) / "requires.txt", Path(name) / "pylock.toml"
        source.write_text("\n".join(requires), encoding="utf-8")
        try:
            _compile([source], locked, target, index)
        except _UvError as error:
            raise _explain(error, target, index, f"{called}: [build-system] requires") from error
        return [*read_pylock(locked, target, {}).values()]


def _resolve_all(
    direct: DirectRequirements,
    host: Sequence[str],
    target: WheelTarget,
    index: IndexOptions,
    pins: Sequence[Wheel],
) -> list[ResolvedWheel]:
    """As ``_resolve``; builds a wheel of each package that offers only a source distribution."""
    sources = index.sources
    while True:
        try:
            offered = sources.index(index) if sources else index
            hashes = sources.hashes(direct) if sources else direct.hashes
            return _resolve(replace(direct, hashes=hashes), host, target, offered, pins)
        except _UvError as error:
            if sources is None or not sources.add_missing(error.text, direct, index):
                raise


class _UvError(Exception):
    """uv could not resolve ``sources`` (the project's first); holds uv's message."""

    def __init__(self, stderr: str, sources: Sequence[Path]) -> None:
        super().__init__(stderr)
        self.text = single_line(stderr)
        self.own = sources[0].read_text(encoding="utf-8")
        self.runtime = [line for source in sources[1:] for line in source.read_text().split()]


def _resolve(
    direct: DirectRequirements,
    host: Sequence[str],
    target: WheelTarget,
    index: IndexOptions,
    pins: Sequence[Wheel],
) -> list[ResolvedWheel]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own_host = folder / "model-host.txt"
        own_host.write_text("\n".join(host))
        project = folder / "requirements.txt"
        project.write_text("\n".join(direct.requirements), encoding="utf-8")
        own = folder / "constraints.txt"
        own.write_text("\n".join(direct.constraints), encoding="utf-8")
        locked = folder / "pylock.toml"
        if pins:
            write_preferences(locked, pins)
        _compile([project, own_host], locked, target, index, [own])
        chosen = read_pylock(locked, target, direct.hashes)
    return [resolved for _, resolved in sorted(chosen.items())]


def locate(
    wheels: Sequence[Wheel], target: WheelTarget, index: IndexOptions, called: str = FILENAME
) -> list[ResolvedWheel]:
    """The current addresses of exactly these wheels of the lock ``called``.

    Raises ``PackageError`` if the indexes don't offer one of them.
    """
    if index.tied:
        index = replace(index, tied=index.tied.of({wheel.name for wheel in wheels}))
    with tempfile.TemporaryDirectory() as name:
        source, locked = Path(name) / "package.lock.txt", Path(name) / "pylock.toml"
        source.write_text("\n".join(f"{wheel.name}=={wheel.version}" for wheel in wheels))
        try:
            _compile([source], locked, target, index, no_deps=True)
        except _UvError as error:
            raise _explain(error, target, index, called) from error
        offered = {
            file.sha256: file
            for package in tomllib.loads(locked.read_text())["packages"]
            for file in listed_files(package, locked.parent)
        }
    missing = [wheel for wheel in wheels if wheel.sha256 not in offered]
    if missing:
        raise PackageError(
            f"{called}: {missing[0].filename} with sha256 {missing[0].sha256} "
            "is offered by none of your indexes",
            "take it from the wheel cache of another machine, or lock again with --upgrade",
        )
    files = [(wheel, offered[wheel.sha256]) for wheel in wheels]
    return [ResolvedWheel(wheel, file.url, file.size) for wheel, file in files]


def _compile(
    sources: Sequence[Path],
    output: Path,
    target: WheelTarget,
    index: IndexOptions,
    constraints: Sequence[Path] = (),
    *,
    no_deps: bool = False,
) -> None:
    files = [*map(str, sources)]
    if index.tied and index.tied.sources:
        folder = output.parent / "tied"
        folder.mkdir(exist_ok=True)
        (folder / "pyproject.toml").write_text(index.tied.pyproject(), encoding="utf-8")
        files.append(str(folder / "pyproject.toml"))
    options = ["--format", "pylock.toml", "--output-file", str(output), "--generate-hashes"]
    options += [word for file in constraints for word in ("--constraints", str(file))]
    options += ["--no-deps"] if no_deps else []
    done = _uv(files, target.python, target, index, options)
    if done.returncode != 0:
        raise _UvError(done.stderr, sources)


def _uv(
    files: Sequence[str],
    python: str,
    target: WheelTarget,
    index: IndexOptions,
    options: Sequence[str],
) -> subprocess.CompletedProcess[str]:
    """Run ``uv pip compile`` on generated files, without builds and without project settings.

    uv queries only the interpreter of this program, and reads the metadata of wheels.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "uv.toml"
        settings.write_text(as_toml(index.settings), encoding="utf-8")
        command = [uv.find_uv_bin(), "pip", "compile", *files, "--quiet", "--no-header"]
        command += ["--config-file", str(settings), "--python", sys.executable]
        command += ["--only-binary", ":all:", "--no-python-downloads"]
        command += ["--python-version", python, "--python-platform", target.uv_platform]
        arguments, environment = index.command()
        return run([*command, *options, *arguments], environment)


def _explain(
    error: _UvError, target: WheelTarget, index: IndexOptions, called: str
) -> PackageError:
    """The error for ``error``: the project's requirements fail alone, or only with the runtime's.

    Resolves the project's requirements alone to find out.
    """
    text, runtime = error.text, error.runtime
    if runtime:
        with tempfile.TemporaryDirectory() as name:
            try:
                own = Path(name) / "requirements.txt"
                own.write_text(error.own, encoding="utf-8")
                _compile([own], Path(name) / "pylock.toml", target, index)
            except _UvError as alone:
                text, runtime = alone.text, []
    if runtime:
        return conflict(text, called, runtime)
    refused = refusing_index(text, index)
    if refused is not None:
        return unreached(text, called, refused, refused=True)
    return resolver_error(text, called, target, _probe(target, index))


def _probe(target: WheelTarget, index: IndexOptions) -> Probe:
    """A function that finds a package's lowest version with a wheel for a Python."""

    def lowest(requirement: str, python: str) -> str | None:
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "asked.txt"
            source.write_text(requirement)
            own = python == target.python
            options = ["--resolution", "lowest-direct"] if own else ["--no-deps"]
            done = _uv([str(source)], python, target, index, ["--no-annotate", *options])
        asked_name = re.split(r"[=<>]", requirement)[0]
        match = re.search(rf"^{re.escape(canonicalize_name(asked_name))}==(\S+)", done.stdout, re.M)
        return match[1] if done.returncode == 0 and match else None

    return lowest
