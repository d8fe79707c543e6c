"""The flow and the members of a solution, as ``package inspect`` shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packager.manifest.manifest import Lock, Manifest
from packager.manifest.solution import SolutionMember
from packager.report.numbers import NO_VALUE
from packager.report.table import Cell, table
from packager.text import listed

HEADS = (
    *("member", "package", "root", "process", "truth"),
    *("deadline s", "on error", "wheels", "of them shared"),
)
MAX_DIFFERING = 6
"""Requirements of a member that are named without ``--all``."""


def as_json(manifest: Manifest, lock: Lock) -> list[dict[str, Any]]:
    """Each member's record, and how its wheels relate to the solution's."""
    if manifest.solution is None:
        return []
    return [
        {**member.model_dump(mode="json"), **wheels_of(member, lock)}
        for member in manifest.solution.members
    ]


def wheels_of(member: SolutionMember, lock: Lock) -> dict[str, Any]:
    """Its ``wheels``, how many of them are ``shared``, and requirements that differ.

    ``differs``: name → the version of the member and that of the solution, None if it has none.
    Wheels are stored once, whatever environments have them. Empty for a member that uses the
    solution's environment.
    """
    if member.name not in lock.members:
        return {}
    own = lock.wheels_of_member(member.name)
    others = [
        *lock.wheels_of("server", "grpc", "model", "trees", "harness", "parquet"),
        *(w for name in lock.members if name != member.name for w in lock.wheels_of_member(name)),
    ]
    held = {wheel.sha256 for wheel in others}
    versions = {wheel.name: wheel.version for wheel in lock.wheels_of("model")}
    return {
        "wheels": len(own),
        "shared": sum(wheel.sha256 in held for wheel in own),
        "differs": {
            wheel.name: [wheel.version, versions.get(wheel.name)]
            for wheel in own
            if versions.get(wheel.name) != wheel.version
        },
    }


def as_text(
    manifest: Manifest, lock: Lock, columns: int | None, *, everything: bool
) -> Iterator[str]:
    """A table of the members, and a line for each whose requirements differ."""
    if manifest.solution is None:
        return
    by_member = {member.name: wheels_of(member, lock) for member in manifest.solution.members}
    rows = [_row(member, by_member[member.name]) for member in manifest.solution.members]
    lines = [f"  flow {manifest.solution.flow}, {len(rows)} members", ""]
    lines.append(table(HEADS, rows, columns, indent=2))
    for name, wheels in by_member.items():
        if differs := wheels.get("differs"):
            lines.append(f"  requirements of {name}: {_differing(differs, everything)}")
    yield "\n".join(lines)


def _row(member: SolutionMember, wheels: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        member.name,
        f"{member.package} {member.version}",
        member.root[:12],
        member.process,
        member.truth or NO_VALUE,
        member.deadline,
        member.on_error,
        wheels.get("wheels"),
        wheels.get("shared"),
    )


def _differing(differs: Mapping[str, list[str | None]], everything: bool) -> str:
    items = [f"{name} {own} (solution {other or 'none'})" for name, (own, other) in differs.items()]
    return listed(items, len(items) if everything else MAX_DIFFERING)
