"""``package diff A B --data`` of two releases of a solution: who changed its answers and its error.

The players are the members whose package changed, and the flow if anything else of the package did.
For every set of them the solution runs with the set as in B and the others as in A; the Shapley
values of the difference are the shares (:mod:`monitoring.stats.shapley`). A flow runs in its own
release, a member too: :mod:`packager.worker.test.release_runs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.stats.shapley import MAX_PLAYERS, coalitions
from packager.cache import temporary_directory
from packager.digest import hash_files
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.manifest.manifest import Lock, Manifest
from packager.model.predictions import Predictions
from packager.progress import Progress
from packager.runners.package import package_worker
from packager.runners.runner import Worker
from packager.testing.new_data import NewData, in_form_of
from packager.testing.release_report import ChangedMember, ReleaseShares, compared
from packager.testing.run import check_companion
from packager.worker.test.hosted_study import OtherAnswers, Question
from packager.worker.test.release_messages import FILE, Answered, ReleaseJob, ReleaseResult

FLOW = ""
"""The flow as a player."""
PLACE = "data/new"
TOLD_ELSEWHERE = ("package.toml", "package.lock")
"""Files of the code whose content the manifest and the lock tell."""
MAX_ROUNDS = 40
"""Runs of a worker; each member that is fed by another one needs one more."""


@dataclass
class _Side:
    """A release: its worker, and what is known of it."""

    worker: Worker
    runs: tuple[tuple[str, ...], ...]
    """Members of the other release in each run of its flow."""
    queried: list[Question] = field(default_factory=list)
    """Open questions to its members."""
    answers: Answered = field(default_factory=dict)
    """Of its members to the other flow."""
    result: ReleaseResult | None = None
    done: dict[tuple[str, ...], Predictions] = field(default_factory=dict)

    @property
    def left(self) -> tuple[tuple[str, ...], ...]:
        """Runs that have not ended."""
        return tuple(run for run in self.runs if run not in self.done)


def release_shares(
    before: Reference, after: Reference, data: Path, engine: Engine | None, progress: Progress
) -> ReleaseShares:
    """The shares of the change from ``before`` to ``after`` on the rows of ``data``.

    Raises ``UsageError`` for releases that can't be compared and rows that one of them refuses,
    and ``PackageError`` if a flow fails with a member of the other release.
    """
    one, other = before.manifest, after.manifest
    if one.task != other.task:
        raise UsageError(
            f"expected two releases of one task, got {one.task} and {other.task}",
            "compare releases that answer the same",
        )
    changed = changed_members(one, other)
    flow = flow_changed(one, other, (before.lock(), after.lock()))
    players = [*(member.name for member in changed), *([FLOW] if flow else [])]
    if not players:
        return ReleaseShares(before=before.name, after=after.name, members=(), flow=False, rows=0)
    if len(players) > MAX_PLAYERS:
        raise PackageError(f"expected at most {MAX_PLAYERS} changes, got {len(players)}")
    for package in (before, after):
        check_companion(package)
    with temporary_directory() as folder, ExitStack() as stack:
        layer, source = _layer(data, other, folder)
        sides = []
        for package, runs in zip((before, after), planned(players), strict=True):
            worker = package_worker(package, engine, progress, extra=[layer], companion=True)
            sides.append(_Side(stack.enter_context(worker), runs))
        _exchange(sides, source, str(data), progress)
    predictions = [_value(names, players, sides) for names in coalitions(len(players))]
    results = [side.result for side in sides if side.result is not None]
    return compared((before, after), changed, players, predictions, results)


def changed_members(before: Manifest, after: Manifest) -> list[ChangedMember]:
    """The members of both solutions whose packages differ, by root; raises ``UsageError``."""
    if before.solution is None or after.solution is None:
        raise UsageError("expected two solutions, got a package of one model")
    known = {member.name: member for member in before.solution.members}
    return [
        ChangedMember(
            name=member.name,
            before=f"{known[member.name].version} ({known[member.name].root[:12]})",
            after=f"{member.version} ({member.root[:12]})",
        )
        for member in after.solution.members
        if member.name in known and known[member.name].root != member.root
    ]


def flow_changed(before: Manifest, after: Manifest, locks: Sequence[Lock]) -> bool:
    """Whether anything but packages of members shapes the answers of the two differently."""
    wheels = [sorted(one.sha256 for one in lock.wheels_of("model")) for lock in locks]
    return wheels[0] != wheels[1] or _own(before) != _own(after)


def planned(players: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The runs of both flows, each with the members that are the other release's.

    Without a changed flow the second one makes all runs.
    """
    members = [name for name in players if name != FLOW]
    sets = [tuple(members[at] for at in inside) for inside in coalitions(len(members)) if inside]
    return (tuple(sets) if FLOW in players else (), tuple(sets))


def _own(manifest: Manifest) -> tuple[object, ...]:
    solution = manifest.solution
    assert solution is not None
    members = [(member.name, member.on_error, member.deadline) for member in solution.members]
    code = [(one.path, one.sha256) for one in manifest.code if one.path not in TOLD_ELSEWHERE]
    return code, solution.flow, members, manifest.serve, manifest.schema_.features


def _layer(data: Path, manifest: Manifest, folder: Path) -> tuple[Layer, str]:
    """The rows as a layer, and the file that is read."""
    if not data.is_file():
        raise UsageError(f"--data {data}: expected a file, found none", "name a file with rows")
    files = hash_files({data.name: data})
    read = in_form_of(NewData(str(data), files, data.name), manifest, folder)
    return plain_layer("new", folder / "new.tar", entries(read.files, PLACE)), read.source


def _exchange(sides: Sequence[_Side], source: str, shown: str, progress: Progress) -> None:
    """Run both releases in turn until every run has ended."""
    for round_ in range(MAX_ROUNDS):
        turn = round_ % 2
        side, other = sides[turn], sides[1 - turn]
        waits = side.result is not None and not side.queried and (not side.left or other.queried)
        if waits:
            if all(one.result is not None and not one.left and not one.queried for one in sides):
                return
            continue
        _run(side, other, (source, shown), progress)
    raise PackageError(
        f"the releases did not come to an end in {MAX_ROUNDS} rounds",
        "a flow that hands its members other rows each time can't be compared",
    )


def _run(side: _Side, other: _Side, data: tuple[str, str], progress: Progress) -> None:
    others = []
    if other.result is not None:
        for member in other.result.members:
            name = member.spec.name
            known = {
                key: predictions for (who, key), predictions in other.answers.items() if who == name
            }
            others.append(OtherAnswers(member, known))
    runs = side.left if other.result is not None else ()
    job = ReleaseJob(*data, side.queried, others, runs)
    with temporary_directory() as out:
        side.worker.run("release", {"job.bin": job.dump()}, out, progress)
        result = ReleaseResult.load(out / FILE)
    side.queried = []
    side.result = result
    side.answers.update(result.answers)
    side.done.update(result.runs)
    other.queried = list(result.open)


def _value(inside: tuple[int, ...], players: Sequence[str], sides: Sequence[_Side]) -> Predictions:
    """The answers with the players ``inside`` as in the second release, the others as in the first.

    The first release alone is its own run, whatever the flow of the second would make of it.
    """
    coalition = [players[at] for at in inside]
    members = [name for name in players if name != FLOW]
    if not coalition:
        return sides[0].done[()]
    if FLOW in coalition or FLOW not in players:
        return sides[1].done[tuple(name for name in members if name not in coalition)]
    return sides[0].done[tuple(name for name in members if name in coalition)]
