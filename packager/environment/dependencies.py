"""Locks a project's requirements and fetches the wheels, using the network only if needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packager.environment import built_wheels, conda_freeze, resolver, wheels
from packager.environment.formats.selection import DependencySelection
from packager.environment.formats.values import check_python_of
from packager.environment.index import IndexOptions, user_index_options
from packager.environment.large_wheels import are_sizes_known, warn_of_large_wheels
from packager.environment.lock import LockFile, inputs_digest, load_lock
from packager.environment.locked_downloads import fetch_locked
from packager.environment.platform import WheelTarget
from packager.environment.pylock import ResolvedWheel
from packager.environment.requirement_files import (
    named_wheels,
    project_of,
    read_requirements,
    read_texts,
)
from packager.environment.shipped import PATH as SHIPPED
from packager.environment.shipped import ShippedGroup, shipped_wheels
from packager.environment.source_builds import SourceBuilds, unchanged
from packager.environment.source_trees import PackagedCode
from packager.environment.uv_config import shared_credentials
from packager.environment.wheel_builds import Builder
from packager.errors import PackageError
from packager.manifest.manifest import Base, Lock, Wheel
from packager.progress import Progress

TREE_FRAMEWORKS = frozenset({"scikit-learn", "lightgbm", "xgboost", "xgboost-cpu"})
"""Frameworks of tree ensembles."""


@dataclass(frozen=True)
class Requirements:
    """Input of a lock: a requirements file and what else the project needs."""

    file: Path
    trees: bool = False
    """Whether the server gets what compiled tree ensembles need, if the project may have some."""
    grpc: bool = False
    """Whether the server gets what a gRPC port needs."""
    parquet: bool = False
    """Whether the data is Parquet, or packed in a way that only pyarrow reads."""
    strategy: str | None = None
    """The project's own ``index_strategy``."""
    torch: str | None = None
    """Variant of PyTorch's wheels: ``cpu``, or a version of CUDA or ROCm; None: any."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Extras and groups to take of a file that has them."""
    code: Mapping[str, Path] = field(default_factory=dict)
    """The project's code files by posix name, of which folders among the requirements consist."""
    builder: Builder | None = None
    """The builder of sources; None if nothing may be built."""
    same_as: LockFile | None = None
    """The lock of another platform, whose versions are taken."""


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
    file, other = requirements.file, requirements.same_as
    strategy, torch = requirements.strategy, requirements.torch
    for path in shared_credentials(file.resolve().parent, os.environ):
        progress.warn(path)
    selection = DependencySelection(target, requirements.extras, requirements.groups)
    check_python_of(project_of(file), selection)
    inputs = inputs_digest(file, target, strategy=strategy, torch=torch, selection=selection)
    known = None if update else _known(lock_path, target)
    project = PackagedCode(project_of(file), requirements.code)
    if known is not None and _holds(known, requirements, inputs, project):
        progress.step(f"dependencies{_of(other, target)} as locked in {lock_path.name}")
        locked = known
        built_wheels.restore(known, project.top)
        _fetch_missing(known, requirements, selection, progress)
    else:
        progress.step(f"resolving {file.name}{_of(other, target)}")
        conda_freeze.warn_of_active_versions(read_texts(file, selection), progress)
        pins = other.wheels if other else () if update else _preferred(known, target, base)
        built = known.built if known else ()
        sources = SourceBuilds(project, target, requirements.builder, built, progress)
        options = user_index_options().of_project(file, strategy, selection).with_torch(torch)
        index = replace(options, sources=sources)
        resolved = resolver.resolve(file, selection, index, pins=pins)
        check_versions(wheels := [item.wheel for item in resolved], requirements, target)
        _fetch(wheels, resolved, index, torch, progress)
        fresh = LockFile(
            inputs=inputs,
            python=target.python,
            platform=target.platform,
            bases=_bases(known, target),
            base_digests=_base_digests(known, target),
            built=sources.records(wheels),
            wheels=tuple(wheels),
        )
        locked = _with_others(fresh, known)
    pinned = locked.model_copy(update={"bases": _pinned(locked, base)})
    return Dependencies(_complete_lock(locked, requirements, selection, base, progress), pinned)


def _known(lock_path: Path, target: WheelTarget) -> LockFile | None:
    """The lock as of the target's platform, or as it is if it has no such platform."""
    lock = load_lock(lock_path)
    return lock and (lock.of(target.platform) or lock)


def _of(other: LockFile | None, target: WheelTarget) -> str:
    """Words for the progress of a further platform."""
    return f" for {target.platform}" if other else ""


def _holds(known: LockFile, requirements: Requirements, inputs: str, project: PackagedCode) -> bool:
    """Whether the lock ``known`` is of these ``inputs`` and has the other platform's versions."""
    other = requirements.same_as
    agrees = other is None or known.agrees(other)
    return known.inputs == inputs and agrees and unchanged(known, project)


def check_versions(
    wheels: Sequence[Wheel], requirements: Requirements, target: WheelTarget
) -> None:
    """Raise ``PackageError`` for versions that are not the other platform's; it names all."""
    other = requirements.same_as
    versions = {} if other is None else other.versions()
    unequal = [one for one in wheels if versions.get(one.name, one.version) != one.version]
    if other is not None and unequal:
        expected = ", ".join(f"{wheel.name} {versions[wheel.name]}" for wheel in unequal)
        pins = [f"{wheel.name}=={wheel.version}" for wheel in unequal]
        raise PackageError(
            f"expected wheels for {target.platform} of the versions that {other.platform} has, "
            f"{expected}, got none; it has {', '.join(pins)}",
            f"ask in {requirements.file.name} for versions that have wheels for both, such as "
            f"{', '.join(pins)}, or leave {target.platform} out",
        )


def _bases(known: LockFile | None, target: WheelTarget) -> tuple[Base, ...]:
    return known.bases if known is not None and known.platform == target.platform else ()


def _base_digests(known: LockFile | None, target: WheelTarget) -> dict[str, str]:
    return known.base_digests if known is not None and known.platform == target.platform else {}


def _with_others(locked: LockFile, known: LockFile | None) -> LockFile:
    """``locked`` with what ``known`` has of other platforms in the same versions."""
    if known is None or known.python != locked.python:
        return locked
    others = (one for one in known.every() if one.platform != locked.platform)
    return locked.joined(other for other in others if other.agrees(locked))


def _complete_lock(
    locked: LockFile,
    requirements: Requirements,
    selection: DependencySelection,
    base: Base | None,
    progress: Progress,
) -> Lock:
    """The package's lock: the model's wheels, the server's and the harness's, all fetched."""
    groups: list[ShippedGroup] = ["server", "harness"]
    if requirements.trees and TREE_FRAMEWORKS & {wheel.name for wheel in locked.wheels}:
        groups.append("trees")
    if requirements.grpc:
        groups.append("grpc")
    if requirements.parquet:
        groups.append("parquet")
    shipped = shipped_wheels(groups, selection.target, _called(base))
    fetch_locked(shipped, requirements.file, selection, progress, SHIPPED.name)
    return Lock(
        python=locked.python,
        platform=locked.platform,
        base=base or "none",
        wheels=_together(locked.wheels, shipped),
    )


def _preferred(known: LockFile | None, target: WheelTarget, base: Base | None) -> tuple[Wheel, ...]:
    """The versions to keep where the requirements allow it: those of the lock, if there is one.

    Otherwise those of the server and the harness: a wheel of two environments is stored once.
    """
    if known is not None:
        return known.wheels
    return tuple(shipped_wheels(["server", "harness"], target, _called(base)))


def _called(base: Base | None) -> str:
    return f"base {base.reference}" if base else "this machine's Python, as there is no base"


def _together(model: Sequence[Wheel], shipped: Sequence[Wheel]) -> tuple[Wheel, ...]:
    """All wheels, those of the model first; one that both have has the groups of both."""
    groups = {wheel.sha256: wheel.groups for wheel in shipped}
    own = {wheel.sha256 for wheel in model}
    return (
        *(w.model_copy(update={"groups": w.groups + groups.get(w.sha256, ())}) for w in model),
        *(wheel for wheel in shipped if wheel.sha256 not in own),
    )


def _fetch_missing(
    lock: LockFile, requirements: Requirements, selection: DependencySelection, progress: Progress
) -> None:
    """Download the locked wheels that the wheelhouse lacks."""
    absent = wheels.missing(lock.wheels)
    if not absent:
        warn_of_large_wheels(lock.wheels, (), requirements.torch, progress)
        return
    options = user_index_options().of_project(requirements.file, requirements.strategy, selection)
    index = options.with_torch(requirements.torch)
    named = named_wheels(read_requirements(requirements.file, selection))
    resolved = [ResolvedWheel(w, named[w.filename]) for w in absent if w.filename in named]
    others = [wheel for wheel in absent if wheel.filename not in named]
    resolved += resolver.locate(others, selection.target, index) if others else []
    _fetch(lock.wheels, resolved, index, requirements.torch, progress)


def _fetch(
    every: Sequence[Wheel],
    resolved: Sequence[ResolvedWheel],
    index: IndexOptions,
    torch: str | None,
    progress: Progress,
) -> None:
    """Download ``resolved``, and say what is large of ``every``, before it if its size is known."""
    if early := are_sizes_known(resolved):
        warn_of_large_wheels(every, resolved, torch, progress)
    wheels.fetch(resolved, index, progress)
    if not early:
        warn_of_large_wheels(every, (), torch, progress)


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
