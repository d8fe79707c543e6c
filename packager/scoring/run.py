"""``package score``: a table larger than memory, in parts that can be resumed and divided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from modelhost.wire import Message
from packager.data.known_columns import KnownColumns
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.reference import Reference
from packager.location import Location
from packager.manifest.manifest import Manifest
from packager.model.row_blocks import BadRows
from packager.progress import Progress
from packager.runners.package_stream import PackageStream, package_stream
from packager.scoring.answers import AnswerTables
from packager.scoring.encode import BlockEncoder
from packager.scoring.finish import finished, keep_series
from packager.scoring.parts import Part, is_whole, read_record
from packager.scoring.plan import COUNTERS, REJECTS, SUCCESS, ScorePlan, ScoreRequest
from packager.scoring.score_units import UnitScorer
from packager.scoring.units import Unit, UnitSource, open_source

UnitCallback = Callable[[Unit], None]
"""Called with each unit whose part is recorded."""
Drive = Callable[[Sequence[Unit], Progress], None]
"""Makes the parts of units in another way than by one process here."""


@dataclass(frozen=True)
class ScoreResult:
    """The counts of a scoring run."""

    output: Path
    rows: int
    """Of the parts, or of this shard's units while others are missing."""
    rejected: int
    parts: int
    made: int
    """Parts that this run made; the others were there."""
    complete: bool
    """Whether all parts are there, and the output is finished."""
    counters: Path | None
    rejects: Path | None


@dataclass(frozen=True)
class PlannedScoring:
    """A request with everything that it depends on."""

    reference: Reference
    plan: ScorePlan
    scorer: UnitScorer

    @property
    def manifest(self) -> Manifest:
        """Of the package."""
        return self.reference.manifest

    def missing(self, units: Sequence[Unit]) -> list[Unit]:
        """The units whose part is not recorded, or not as recorded."""
        missing = []
        for unit in units:
            record = read_record(self.plan, unit.number)
            if record is None or not is_whole(self.plan, record.part):
                missing.append(unit)
        return missing

    def score(
        self, units: Sequence[Unit], engine: Engine | None, progress: Progress, scored: UnitCallback
    ) -> None:
        """Make the parts of these units by one process of the package; ``PackageError``."""
        with package_stream(self.reference, engine, progress) as stream:
            keep_series(self.plan, begin(stream, self.plan.bad))
            for unit in self.scorer.run(units, stream):
                scored(unit)


def score(
    reference: Reference,
    request: ScoreRequest,
    engine: Engine | None,
    progress: Progress,
    drive: Drive | None = None,
) -> ScoreResult:
    """Score a table, or a shard of it; the last shard finishes the output.

    ``drive`` makes the parts of units in another way than by one process here. Raises
    ``PackageError``, naming the row, for one that can't be answered, with ``bad="fail"``.
    """
    planned = plan_scoring(reference, request, progress)
    plan, manifest = planned.plan, reference.manifest
    number, count = request.shard
    own = planned.scorer.source.units[number - 1 :: count]
    schema = planned.scorer.tables.schema
    if plan.form == "delta":
        from packager.tables.commit_once import check_appendable

        check_appendable(Location(str(plan.output.resolve())), schema)
    plan.begin(resume=request.resume, units=[unit.number for unit in own], shards=count)
    if (plan.state / SUCCESS).exists():
        made = 0
    else:
        with plan.alone(request.shard):
            made = _make(planned, own, request.shard, engine, progress, drive)
    parts = finished(plan, manifest, schema)
    return _result(planned, own, parts, made)


def _make(
    planned: PlannedScoring,
    own: Sequence[Unit],
    shard: tuple[int, int],
    engine: Engine | None,
    progress: Progress,
    drive: Drive | None,
) -> int:
    """Make the parts of a shard that are missing: how many."""
    plan, absent = planned.plan, planned.missing(own)
    shard_text = "" if shard[1] == 1 else f" of shard {shard[0]}/{shard[1]}"
    progress.step(f"scoring {len(absent)} of {len(own)} parts{shard_text}")
    for unit in absent:
        plan.record(unit.number).unlink(missing_ok=True)
    done = 0

    def scored(unit: Unit) -> None:
        nonlocal done
        done += 1
        progress.step(f"part {done} of {len(absent)}: {unit.rows:,} rows")

    try:
        if absent and drive is not None:
            drive(absent, progress)
        elif absent:
            planned.score(absent, engine, progress, scored)
    except PackageError:
        if shard[1] == 1:  # nothing was made: the next run may have other data or options
            plan.abandon()
        raise
    return len(absent)


def _result(
    planned: PlannedScoring, own: Sequence[Unit], parts: Sequence[Part] | None, made: int
) -> ScoreResult:
    """``own``: the units of this shard; ``parts``: all of them, if they are there."""
    plan, known = planned.plan, parts
    if known is None:
        records = [read_record(plan, unit.number) for unit in own]
        known = [record.part for record in records if record is not None]
    return ScoreResult(
        output=plan.output,
        rows=sum(part.rows for part in known),
        rejected=sum(part.rejected for part in known),
        parts=len(known),
        made=made,
        complete=parts is not None,
        counters=None if parts is None else plan.state / COUNTERS,
        rejects=None if parts is None or plan.bad == "fail" else plan.state / REJECTS,
    )


def plan_scoring(reference: Reference, request: ScoreRequest, progress: Progress) -> PlannedScoring:
    """Read what the request names; ``UsageError`` for a table that can't be scored."""
    manifest = reference.manifest
    source = open_source(request.data, manifest)
    known = KnownColumns(request.data, manifest)
    known.require(source.columns)
    known.add(set(source.columns) - set(request.keep))
    warning = known.warning()
    if warning is not None:
        progress.warn(warning)
    plan = ScorePlan.of(request, manifest, source)
    if not plan.units:
        raise UsageError(f"{request.data}: expected rows, got none", "name a table with rows")
    tables = AnswerTables(manifest, _copied_schema(request, source), request.bad)
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    names = {*request.keep, *(column.name for column in columns)}
    read = [name for name in source.columns if name in names]
    encoder = BlockEncoder(manifest, source.reader, request.data)
    return PlannedScoring(reference, plan, UnitScorer(plan, source, encoder, tables, read))


def begin(stream: PackageStream, bad: BadRows) -> list[list[object]]:
    """Start a conversation; the package's series before any row was counted."""
    stream.send(Message({"verb": "start", "bad": bad}))
    return list(stream.receive().header["series"])


def _copied_schema(request: ScoreRequest, source: UnitSource) -> pa.Schema:
    schema = pa.schema([source.field(name) for name in request.keep])
    if request.form != "delta":
        return schema
    from packager.tables.arrow_schema import stored_schema

    return stored_schema(schema, request.data)
