"""Resolves the project's and the runtime's requirements together into wheels, with uv."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from packager.environment.formats.files import is_lock
from packager.environment.formats.wanted import Wanted
from packager.environment.index import IndexOptions
from packager.environment.lock import (
    FILENAME,
    DataFormat,
    Group,
    runtime_requirements,
    tree_requirements,
)
from packager.environment.platform import WheelTarget
from packager.environment.programs import run
from packager.environment.pylock import Resolved, listed_files, read_pylock, write_preferences
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

TREE_FRAMEWORKS = frozenset({"scikit-learn", "lightgbm", "xgboost", "xgboost-cpu"})
"""Frameworks of tree ensembles; with any of them the image gets the compiled form's packages."""


def resolve(
    requirements: Path,
    data: DataFormat | None,
    target: WheelTarget | Wanted,
    index: IndexOptions,
    *,
    pins: Sequence[Wheel] = (),
    trees: bool = False,
) -> list[Resolved]:
    """Choose one wheel for each dependency of the project and the runtime together.

    Versions of ``pins`` are kept if they still fit; of a requirement with hashes only the files
    with these hashes are taken. ``target`` may name extras and groups, too. ``trees`` adds the
    requirements of compiled tree ensembles if the project depends on a framework for them and
    they can be resolved. ``index.sources`` builds wheels of requirements that are none. Raises
    ``PackageError`` if a requirement does not exist or has no wheel, or if the project's and the
    runtime's requirements conflict.
    """
    wanted = target if isinstance(target, Wanted) else Wanted(target)
    target = wanted.target
    refuse_lines(read_texts(requirements, wanted), target)
    asked = read_requirements(requirements, wanted)
    if asked.lost:
        raise asked.lost[0]
    if index.sources is not None:
        asked = index.sources.replaced(asked, index)
    groups = runtime_requirements(data)
    if trees:
        with_trees = {**groups, "serve": [*groups["serve"], *tree_requirements()]}
        try:
            found = _resolve_all(asked, with_trees, target, index, pins)
        except (PackageError, _UvError):
            pass  # resolved again below without the tree requirements, which may be the cause
        else:
            served = {r.wheel.name for r in found if r.wheel.group == "serve"}
            if served & TREE_FRAMEWORKS:
                return found
    try:
        return _resolve_all(asked, groups, target, index, pins)
    except _UvError as error:
        told = _explain(error, target, index, requirements.name)
        if is_lock(requirements):
            told.hint += f"; do so in what {requirements.name} was made from, and lock again"
        raise told from error


def resolve_tools(
    requires: Sequence[str], target: WheelTarget, index: IndexOptions, called: str
) -> list[Resolved]:
    """One wheel for each requirement of a build backend, and for each of their dependencies.

    ``called`` is the source. Raises ``PackageError`` if one can't be resolved.
    """
    with tempfile.TemporaryDirectory() as name:
        asked, locked = Path(name) / "requires.txt", Path(name) / "pylock.toml"
        asked.write_text("\n".join(requires), encoding="utf-8")
        try:
            _compile([asked], locked, target, index)
        except _UvError as error:
            raise _explain(error, target, index, f"{called}: [build-system] requires") from error
        return [Resolved(wheel, url) for wheel, url in read_pylock(locked, target, {}).values()]


def _resolve_all(
    asked: DirectRequirements,
    groups: Mapping[Group, Sequence[str]],
    target: WheelTarget,
    index: IndexOptions,
    pins: Sequence[Wheel],
) -> list[Resolved]:
    """As ``_resolve``; builds a wheel of each package that offers only a source distribution."""
    sources = index.sources
    while True:
        try:
            offered = sources.index(index) if sources else index
            hashes = sources.hashes(asked) if sources else asked.hashes
            return _resolve(replace(asked, hashes=hashes), groups, target, offered, pins)
        except _UvError as error:
            if sources is None or not sources.add_missing(error.text, asked, index):
                raise


class _UvError(Exception):
    """uv could not resolve ``sources`` (the project's first); holds uv's message."""

    def __init__(self, stderr: str, sources: Sequence[Path]) -> None:
        super().__init__(stderr)
        self.text = single_line(stderr)
        self.own = sources[0].read_text(encoding="utf-8")
        self.runtime = [line for source in sources[1:] for line in source.read_text().split()]


def _resolve(
    asked: DirectRequirements,
    groups: Mapping[Group, Sequence[str]],
    target: WheelTarget,
    index: IndexOptions,
    pins: Sequence[Wheel],
) -> list[Resolved]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        serve, worker = folder / "serving-runtime.txt", folder / "worker-runtime.txt"
        serve.write_text("\n".join(groups["serve"]))
        worker.write_text("\n".join(groups["worker"]))
        project = folder / "requirements.txt"
        project.write_text("\n".join(asked.requirements), encoding="utf-8")
        own = folder / "constraints.txt"
        own.write_text("\n".join(asked.constraints), encoding="utf-8")
        locked = folder / "pylock.toml"
        if pins:
            write_preferences(locked, pins)
        _compile([project, serve, worker], locked, target, index, [own])
        everything = read_pylock(locked, target, asked.hashes)
        pinned = folder / "pinned.txt"
        pinned.write_text("\n".join(f"{n}=={w.version}" for n, (w, _) in everything.items()))
        served = folder / "pylock.serve.toml"
        _compile([project, serve], served, target, index, [own, pinned])
        serving = read_pylock(served, target, asked.hashes)
    resolved = []
    for key, (wheel, url) in sorted(everything.items()):
        group: Group = "serve" if key in serving else "worker"
        resolved.append(Resolved(wheel.model_copy(update={"group": group}), url))
    return resolved


def locate(wheels: Sequence[Wheel], target: WheelTarget, index: IndexOptions) -> list[Resolved]:
    """The current addresses of exactly these locked wheels.

    Raises ``PackageError`` if the indexes don't offer one of them.
    """
    if index.tied:
        index = replace(index, tied=index.tied.of({wheel.name for wheel in wheels}))
    with tempfile.TemporaryDirectory() as name:
        asked, locked = Path(name) / "package.lock.txt", Path(name) / "pylock.toml"
        asked.write_text("\n".join(f"{wheel.name}=={wheel.version}" for wheel in wheels))
        try:
            _compile([asked], locked, target, index, no_deps=True)
        except _UvError as error:
            raise _explain(error, target, index, FILENAME) from error
        offered = {
            sha256: url
            for package in tomllib.loads(locked.read_text())["packages"]
            for _, sha256, url in listed_files(package, locked.parent)
        }
    missing = [wheel for wheel in wheels if wheel.sha256 not in offered]
    if missing:
        raise PackageError(
            f"{FILENAME}: {missing[0].filename} with sha256 {missing[0].sha256} "
            "is offered by none of your indexes",
            "take it from the wheel cache of another machine, or lock again with --upgrade",
        )
    return [Resolved(wheel, offered[wheel.sha256]) for wheel in wheels]


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
    """A function that finds a package's lowest version with a wheel compatible with the runtime."""

    def lowest(requirement: str, python: str) -> str | None:
        runtime = runtime_requirements("parquet") if python == target.python else {}
        with tempfile.TemporaryDirectory() as name:
            asked = Path(name) / "asked.txt"
            needs = [requirement, *(line for lines in runtime.values() for line in lines)]
            asked.write_text("\n".join(needs))
            options = ["--resolution", "lowest-direct"] if runtime else ["--no-deps"]
            done = _uv([str(asked)], python, target, index, ["--no-annotate", *options])
        asked_name = re.split(r"[=<>]", requirement)[0]
        found = re.search(rf"^{re.escape(canonicalize_name(asked_name))}==(\S+)", done.stdout, re.M)
        return found[1] if done.returncode == 0 and found else None

    return lowest
