"""The family ``cases``: every declared case, and the one that every project has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packager.errors import PackageError, UsageError
from packager.manifest.case import Case
from packager.manifest.manifest import Manifest
from packager.model.host_process import ForkServer, HostCommand
from packager.model.hosted import ModelHost
from packager.model.hosted_model import HostedModel
from packager.model.paths import Root
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import ResilientModel, StoredModel
from packager.worker.test.cases.batches import ROWS, check_batches
from packager.worker.test.cases.compared_answers import judge_bounds, judge_change, judge_grid
from packager.worker.test.cases.expected import CaseJudge
from packager.worker.test.cases.golden import judge_golden, read_golden
from packager.worker.test.cases.minimum import judge_minimum
from packager.worker.test.cases.outcomes import CaseOutcomes
from packager.worker.test.cases.own_function import judge_relation
from packager.worker.test.cases.row_outcomes import RowAsker
from packager.worker.test.cases.rows import DataRows, rows_of
from packager.worker.test.cases.values import ComparedValue
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult

SECONDS = 120.0
"""Time limit for the answers to a part of a case's rows."""


def cases(
    data: DataRows | None,
    manifest: Manifest,
    root: Root,
    *,
    batches: bool,
    forks: ForkServer | None = None,
) -> FamilyResult:
    """Judge the cases of ``manifest`` on ``data``, and on rows of their own.

    ``batches``: whether order and batch size are judged, too. ``forks``: forks the processes.
    Raise ``PackageError`` for a case that can't be judged.
    """
    stored = StoredModel(root.models, manifest.serve, manifest.task)
    model = ResilientModel(stored, manifest.schema_, model_host(root, forks=forks), seconds=SECONDS)
    checks: list[Check] = []
    with model:
        asker = RowAsker(model)
        if batches and data is not None and len(data.served):
            checks.append(_batches(data, asker, manifest))
        level = share_level(manifest)
        answering = _Answering(asker, manifest, root, data, level)
        for case in manifest.test.case:
            if case.kind not in OWN_CODE:
                checks += answering.judge(case)
    own = [case for case in manifest.test.case if case.kind in OWN_CODE]
    if own:
        checks += _with_frames(own, stored, data, manifest, model_host(root, forks=forks), root)
    return (
        FamilyResult(checks)
        if checks
        else FamilyResult(not_judged="there are no cases and no rows")
    )


OWN_CODE = ("metamorphic", "minimum")
"""Kinds that give the model frames, and ask in a process of their own."""


@dataclass(frozen=True)
class _Answering:
    """Judges the cases that ask for rows as a client does."""

    asker: RowAsker
    manifest: Manifest
    root: Root
    data: DataRows | None
    level: float

    def judge(self, case: Case) -> list[Check]:
        """The checks of one case."""
        manifest, schema = self.manifest, self.manifest.schema_
        if case.kind == "golden":
            golden = read_golden(case, manifest.task, schema, manifest.reader, self.root.code)
            rows, outcomes = judge_golden(golden, self.asker, manifest)
            return CaseOutcomes(case, rows, outcomes, schema).checks(self.level)
        rows = rows_of(case, self.data, manifest, self.root.code)
        judge = CaseJudge(ComparedValue.of(case, manifest), case.expectation, case.tolerance)
        try:
            match case.kind:
                case "monotonic":
                    outcomes = judge_grid(case, rows, self.asker, judge, schema)
                case "bounds":
                    outcomes = judge_bounds(rows, self.asker, judge)
                case _:
                    outcomes = judge_change(case, rows, self.asker, judge, schema)
        except PackageError as error:
            raise _named(error, case) from error
        return CaseOutcomes(case, rows, outcomes, schema).checks(self.level)


def _with_frames(
    own: list[Case],
    stored: StoredModel,
    data: DataRows | None,
    manifest: Manifest,
    command: HostCommand,
    root: Root,
) -> list[Check]:
    """The cases of ``OWN_CODE``: one process for all, which runs the project's functions."""
    checks: list[Check] = []
    with ModelHost(command) as host:
        model = stored.load(host)
        for case in own:
            try:
                checks += _KINDS[case.kind](case, model, data, manifest, root)
            except PackageError as error:
                raise _named(error, case) from error
    return checks


def _relation(
    case: Case, model: HostedModel, data: DataRows | None, manifest: Manifest, root: Root
) -> list[Check]:
    rows = rows_of(case, data, manifest, root.code)
    outcomes = judge_relation(case, rows, model, manifest) if len(rows) else []
    return CaseOutcomes(case, rows, outcomes, manifest.schema_).checks(share_level(manifest))


def _minimum(
    case: Case, model: HostedModel, _: DataRows | None, manifest: Manifest, root: Root
) -> list[Check]:
    return [judge_minimum(case, model, manifest, root.code)]


_KINDS: dict[str, Callable[..., list[Check]]] = {"metamorphic": _relation, "minimum": _minimum}


def _batches(data: DataRows, asker: RowAsker, manifest: Manifest) -> Check:
    """On evenly spaced rows that a server takes."""
    step = max(1, len(data.served) // ROWS)
    frame = data.served.iloc[::step].reset_index(drop=True)
    names = data.indices[::step].tolist()
    rows = json_rows(frame, manifest.schema_)
    taken = [
        (row, name)
        for row, name in zip(rows, names, strict=True)
        if accepted_rows(manifest.schema_, [row])
    ]
    return check_batches(
        [row for row, _ in taken], [name for _, name in taken], asker, manifest.schema_
    )


def share_level(manifest: Manifest) -> float:
    """The probability that one share test fails although the share is as declared.

    That of the whole verdict, divided among the tests (Bonferroni).
    """
    slices = sum(map(len, manifest.slices.columns.values())) + len(manifest.slices.columns)
    slices += len(manifest.slices.rules)
    tested = [case for case in manifest.test.case if case.share < 1]
    tests = sum(1 + slices * case.slices for case in tested)
    return manifest.test.false_alarm / max(1, tests)


def _named(error: PackageError, case: Case) -> PackageError:
    """The same error with the name of the case."""
    if repr(case.name) in error.message:
        return error
    kind = UsageError if isinstance(error, UsageError) else PackageError
    return kind(f"case {case.name!r}: {error.message}", error.hint)
