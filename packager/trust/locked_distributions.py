"""The wheel of the lock for each installed distribution of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name, canonicalize_version

from packager.errors import PackageError
from packager.image.runtime import WHEELS
from packager.image.wheels import folder_path, site_packages
from packager.manifest.manifest import Lock, Wheel
from packager.trust.image_inventory import InstalledDistribution

HINT = "`package inspect REF --check` names every file that is not as it was built"
WORKER_LAYER = "worker environment"
"""The layer of an image that trains and replays, which has the wheels of all groups."""
SERVED = {"model", "server", "grpc", "trees", "members"}


@dataclass(frozen=True)
class LockedDistributions:
    """The distributions of an image by what put them there."""

    wheels: tuple[tuple[Wheel, InstalledDistribution], ...]
    """Every wheel that the image must have, in the order of the lock."""
    vendored: tuple[tuple[Wheel | None, InstalledDistribution], ...]
    """Copies inside of a wheel, which is None if several wheels share its folder."""
    base: tuple[InstalledDistribution, ...]
    """The distributions of the base."""
    problems: tuple[PackageError, ...] = ()
    """Wheels without a distribution, and distributions without a wheel."""


def locked_distributions(
    installed: Sequence[InstalledDistribution], lock: Lock, layers: Sequence[str], called: str
) -> LockedDistributions:
    """Assign the distributions of an image with these ``layers`` to the wheels of ``lock``.

    Raises ``PackageError`` if a wheel has no distribution, or a distribution has no wheel.
    """
    assigned = assign_distributions(installed, lock, layers, called)
    if assigned.problems:
        raise assigned.problems[0]
    return assigned


def assign_distributions(
    installed: Sequence[InstalledDistribution], lock: Lock, layers: Sequence[str], called: str
) -> LockedDistributions:
    """``locked_distributions`` of what fits, with the rest as its problems."""
    everything = WORKER_LAYER in layers
    locked_wheels = [wheel for wheel in lock.wheels if everything or SERVED & set(wheel.groups)]
    ours = [one for one in installed if one.folder.startswith(f"{WHEELS}/")]
    top = {one.folder: one for one in ours if _is_top(one, lock.python)}
    unassigned: dict[tuple[str, str], list[InstalledDistribution]] = {}
    for one in top.values():
        unassigned.setdefault(_key(*(one.identity or ("", ""))), []).append(one)
    wheels, problems = [], []
    for wheel in locked_wheels:
        taken = _remove_distribution(wheel, unassigned)
        if taken is None:
            problems.append(_absent(wheel, called))
        else:
            wheels.append((wheel, taken))
    problems += [_strange(one, called) for group in unassigned.values() for one in group]
    owners = {folder_path([wheel]): wheel for wheel in locked_wheels}
    vendored = [one for one in ours if one.folder not in top]
    return LockedDistributions(
        tuple(wheels),
        tuple((owners.get(_wheel_folder(one)), one) for one in vendored),
        tuple(one for one in installed if not one.folder.startswith(f"{WHEELS}/")),
        tuple(problems),
    )


def _absent(wheel: Wheel, called: str) -> PackageError:
    return PackageError(
        f"{called}: {wheel.name} {wheel.version}: expected its METADATA in the image, as the lock "
        "names this wheel, got none",
        HINT,
    )


def _strange(one: InstalledDistribution, called: str) -> PackageError:
    return PackageError(
        f"{called}: /{one.folder}: expected distributions of the lock only, got one that it does "
        "not name",
        HINT,
    )


def _wheel_folder(distribution: InstalledDistribution) -> str:
    return "/".join(distribution.folder.split("/")[: WHEELS.count("/") + 2])


def _is_top(distribution: InstalledDistribution, python: str) -> bool:
    """Whether a distribution lies where its wheel's own metadata does."""
    return distribution.folder.rpartition("/")[0] == site_packages(
        _wheel_folder(distribution), python
    )


def _key(name: str, version: str) -> tuple[str, str]:
    return canonicalize_name(name), canonicalize_version(version)


def _remove_distribution(
    wheel: Wheel, left: dict[tuple[str, str], list[InstalledDistribution]]
) -> InstalledDistribution | None:
    """Remove the distribution of ``wheel`` from ``left``: that of its own folder, if there is one.

    Members of a solution may have different wheels of one version.
    """
    group = left.get(_key(wheel.name, wheel.version), [])
    own = f"{folder_path([wheel])}/"
    group.sort(key=lambda one: not one.folder.startswith(own))
    return group.pop(0) if group else None
