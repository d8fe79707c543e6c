"""The flow and the members of a solution, as two packages are compared by."""

from __future__ import annotations

from typing import Any

from packager.manifest.manifest import Lock, Manifest, Wheel


def described(manifest: Manifest, lock: Lock) -> dict[str, Any]:
    """The flow, and each member with the versions that its environment has; empty for one model."""
    if manifest.solution is None:
        return {}
    members = {member.name: member.model_dump(mode="json") for member in manifest.solution.members}
    for name in lock.members:
        members[name]["requirements"] = {w.name: w.version for w in lock.wheels_of_member(name)}
    return {"flow": manifest.solution.flow, **members}


def own_wheels(lock: Lock) -> list[Wheel]:
    """The wheels without those that only members have, which ``described`` names."""
    return [wheel for wheel in lock.wheels if wheel.groups != ("members",)]
