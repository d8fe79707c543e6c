"""Locks a project's requirements and fetches the wheels, using the network only if needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packager.environment import built_wheels, conda_freeze, resolver, wheels
from packager.environment.formats.pyproject import check_python_of
from packager.environment.formats.wanted import Wanted
from packager.environment.index import user_index_options
from packager.environment.lock import DataFormat, LockFile, inputs_digest, load_lock
from packager.environment.platform import WheelTarget
from packager.environment.pylock import Resolved
from packager.environment.requirement_files import (
    named_wheels,
    project_of,
    read_requirements,
    read_texts,
)
from packager.environment.source_builds import SourceBuilds, unchanged
from packager.environment.source_trees import PackagedCode
from packager.environment.uv_config import lent
from packager.environment.wheel_builds import Builder
from packager.errors import PackageError
from packager.manifest.manifest import Base, Lock
from packager.progress import Progress


@dataclass(frozen=True)
class Requirements:
    """Input of a lock: a requirements file and what else the project needs."""

    file: Path
    data: DataFormat | None = None
    """The data format that the worker has to read."""
    trees: bool = False
    """Whether to lock the requirements of compiled tree ensembles, too."""
    strategy: str | None = None
    """The project's own ``index_strategy``."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Extras and groups to take of a file that has them."""
    code: Mapping[str, Path] = field(default_factory=dict)
    """The project's code files by posix name, of which folders among the requirements consist."""
    builder: Builder | None = None
    """What builds sources; None if nothing may be built."""


@dataclass(frozen=True)
class Dependencies:
    """The lock for the package, and the lock file to write after the build succeeds."""

    lock: Lock
    file: LockFile


def lock_and_fetch(
    requirements: Requirements,
    lock_path: Path,
    target: WheelTarget,
    base: Base | None,
    progress: Progress,
    *,
    update: bool = False,
) -> Dependencies:
    """Lock, or reuse a lock with the same inputs, and fetch every wheel into the wheelhouse.

    Raises ``PackageError`` if ``base`` differs from the one locked under its name.
    """
    file, data = requirements.file, requirements.data
    trees, strategy = requirements.trees, requirements.strategy
    for told in lent(file.resolve().parent, os.environ):
        progress.warn(told)
    wanted = Wanted(target, requirements.extras, requirements.groups)
    check_python_of(project_of(file), wanted)
    inputs = inputs_digest(file, data, target, trees=trees, strategy=strategy, wanted=wanted)
    known = load_lock(lock_path)
    project = PackagedCode(project_of(file), requirements.code)
    same = known is not None and known.inputs == inputs and unchanged(known, project)
    if known is not None and same and not update:
        progress.step(f"dependencies as locked in {lock_path.name}")
        locked = known
        built_wheels.restore(known, project.top)
        _fetch_missing(known, requirements, wanted, progress)
    else:
        progress.step(f"resolving {file.name} and the runtime together")
        conda_freeze.tell(read_texts(file, wanted), progress)
        index = user_index_options().of_project(file, strategy, wanted)
        pins = known.wheels if known is not None and not update else ()
        earlier = known.built if known is not None and not update else ()
        sources = SourceBuilds(project, target, requirements.builder, earlier, progress)
        index = replace(index, sources=sources)
        resolved = resolver.resolve(file, data, wanted, index, pins=pins, trees=trees)
        wheels.fetch(resolved, index, progress)
        locked = LockFile(
            inputs=inputs,
            python=target.python,
            platform=target.platform,
            bases=known.bases if known is not None and not update else (),
            built=sources.records([item.wheel for item in resolved]),
            wheels=tuple(item.wheel for item in resolved),
        )
    lock = Lock(
        python=locked.python, platform=locked.platform, base=base or "none", wheels=locked.wheels
    )
    return Dependencies(lock, locked.model_copy(update={"bases": _pinned(locked, base)}))


def _fetch_missing(
    lock: LockFile, requirements: Requirements, wanted: Wanted, progress: Progress
) -> None:
    """Download the locked wheels that the wheelhouse lacks."""
    absent = wheels.missing(lock.wheels)
    if not absent:
        return
    file = requirements.file
    index = user_index_options().of_project(file, requirements.strategy, wanted)
    named = named_wheels(read_requirements(file, wanted))
    found = [Resolved(w, named[w.filename]) for w in absent if w.filename in named]
    others = [wheel for wheel in absent if wheel.filename not in named]
    found += resolver.locate(others, wanted.target, index) if others else []
    wheels.fetch(found, index, progress)


def _pinned(locked: LockFile, base: Base | None) -> tuple[Base, ...]:
    """The lock's bases including ``base``; raises ``PackageError`` if its content has changed."""
    if base is None:
        return locked.bases
    for pinned in locked.bases:
        same = (pinned.diff_ids, pinned.env) == (base.diff_ids, base.env)
        if pinned.reference == base.reference and not same:
            raise PackageError(
                f"base {base.reference}: expected the layers pinned in package.lock "
                f"({pinned.diff_ids[-1][:19]}…), got others ({base.diff_ids[-1][:19]}…)",
                "lock the new one with --upgrade, or bring back the old one",
            )
    others = (known for known in locked.bases if known.reference != base.reference)
    return tuple(sorted((*others, base), key=lambda known: known.reference))
