"""The members of a solution that share the flow's process, and the lock of all; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modelhost.solution.spec import SolutionSpec
from packager.errors import UsageError
from packager.manifest.manifest import Lock, Wheel
from packager.manifest.solution import Solution
from packager.solutions.member_package import MemberPackage, Process, top_modules


@dataclass(frozen=True)
class SolutionPlan:
    """Plan by which a solution runs."""

    spec: SolutionSpec
    """For the process of the flow."""
    record: Solution
    """For the manifest."""
    lock: Lock
    """The solution's own lock, with the wheels of members that have an environment."""
    reasons: Mapping[str, str]
    """Member → why ``auto`` gave it a process of its own."""


def plan_solution(
    flow: str, members: Sequence[MemberPackage], lock: Lock, code: Iterable[str], *, network: bool
) -> SolutionPlan:
    """Decide for each member where it runs.

    ``lock`` and ``code`` are those of the solution itself; ``network``: whether its processes may
    use the network. Raises ``UsageError`` for a member that can't run beside the flow.
    """
    for member in members:
        _check_target(member, lock)
        if member.manifest.serve.network and not network:
            raise UsageError(
                f"[[member]] {member.section.name}: its package needs the network"
                " (`network = true` under [serve]), which the solution's processes have not",
                "set `network = true` under [serve] of the solution, too",
            )
    processes: dict[str, Process] = {}
    reasons: dict[str, str] = {}
    taken = {**dict.fromkeys(top_modules(code), "the solution")}
    for member in members:
        name = member.section.name
        conflict = _conflict(member, lock, taken)
        if conflict is None and member.section.deadline is not None:
            conflict = "it has a deadline, which only a process of its own can keep"
        if member.section.process == "inline" and conflict:
            raise UsageError(
                f"[[member]] {name}: `process`: expected one that can share the flow's process for"
                f" inline, but {conflict}",
                'set process = "own", or require the same in both projects',
            )
        processes[name] = "own" if member.section.process == "own" or conflict else "inline"
        if conflict and member.section.process == "auto":
            reasons[name] = conflict
        if processes[name] == "inline":
            taken |= dict.fromkeys(member.modules, f"member {name!r}")
    specs = tuple(member.spec(processes[member.section.name]) for member in members)
    records = tuple(member.record(processes[member.section.name]) for member in members)
    apart = {
        one.section.name: one.lock.wheels_of("model")
        for one in members
        if processes[one.section.name] == "own"
    }
    record, whole = Solution(flow=flow, members=records), with_members(lock, apart)
    return SolutionPlan(SolutionSpec(flow, specs), record, whole, reasons)


def with_members(lock: Lock, members: Mapping[str, Sequence[Wheel]]) -> Lock:
    """``lock`` with the wheels of these members; one that several environments have is there once.

    The order of the groups of a wheel is that of ``Group``.
    """
    needed = {wheel.sha256: wheel for wheels in members.values() for wheel in wheels}
    own = [
        wheel.model_copy(update={"groups": (*wheel.groups, "members")})
        if wheel.sha256 in needed
        else wheel
        for wheel in lock.wheels
    ]
    known = {wheel.sha256 for wheel in own}
    member_lines = [
        wheel.model_copy(update={"groups": ("members",)})
        for digest, wheel in needed.items()
        if digest not in known
    ]
    member_lines.sort(key=lambda wheel: (wheel.name, wheel.version, wheel.sha256))
    named = {name: tuple(wheel.sha256 for wheel in wheels) for name, wheels in members.items()}
    return lock.model_copy(update={"wheels": (*own, *member_lines), "members": named})


def _check_target(member: MemberPackage, lock: Lock) -> None:
    target = (member.lock.python, member.lock.platform)
    if target != (lock.python, lock.platform):
        raise UsageError(
            f"[[member]] {member.section.name}: expected a package for Python {lock.python} on"
            f" {lock.platform}, as the solution is, got Python {target[0]} on {target[1]}",
            "build both on the same base: --base, or `base` under [image]",
        )


def _conflict(member: MemberPackage, lock: Lock, taken: Mapping[str, str]) -> str | None:
    """Why a member can't share the flow's process; None if it can."""
    own = {wheel.name: wheel for wheel in lock.wheels_of("model")}
    for wheel in member.lock.wheels_of("model"):
        known = own.get(wheel.name)
        if known is None:
            return f"the solution's lock has no {wheel.name}, which the member needs"
        if known.sha256 != wheel.sha256:
            return f"it needs {wheel.name} {wheel.version}, and the solution has {known.version}"
    both = sorted(member.modules & {*taken})
    if both:
        return f"it has a module {both[0]!r}, as {taken[both[0]]} has"
    return None
