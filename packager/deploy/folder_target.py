"""The deployment target of a generated folder; each folder has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packager.deploy import generated_folder
from packager.deploy.fleet import Fleet
from packager.errors import UsageError

COMPOSE, SWARM, KUBERNETES, MONITORING = "compose", "swarm", "kubernetes", "monitoring"
KSERVE, SAGEMAKER = "kserve", "sagemaker"
TARGET = "target"
"""Note of the folder's record."""


def target_of(folder: Path) -> str | None:
    """The target of ``folder``; None for a new or empty one. Raises as ``read_generated``."""
    notes = generated_folder.read_generated(folder).notes
    return str(notes[TARGET]) if TARGET in notes else None


def check_target(folder: Path, expected: str) -> None:
    """Raise ``UsageError`` if ``folder`` is of another target than ``expected``."""
    target = target_of(folder)
    if target not in (None, expected):
        raise UsageError(
            f"{folder}: expected a folder of `deploy {expected}`, got one of `deploy {target}`",
            "name another folder with --output",
        )


def target_fleet(folder: Path, target: str) -> Fleet:
    """The fleet that ``folder`` records; empty for a new one. Raises as ``check_target``."""
    check_target(folder, target)
    return Fleet.of(generated_folder.read_generated(folder).notes)


def target_notes(target: str, fleet: Fleet) -> dict[str, Any]:
    """The notes to record for ``fleet``."""
    return {TARGET: target, **fleet.notes}
