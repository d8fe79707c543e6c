"""The last step, when every part is there: sums, rejected rows, the list of parts, the commit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pyarrow as pa

from packager.cache import atomic_file
from packager.data.csv_writer import csv_writer
from packager.data.spreadsheet import escaped
from packager.digest import canonical_json
from packager.errors import PackageError
from packager.location import Location
from packager.manifest.manifest import Manifest
from packager.scoring.parts import Part, PartRecord, Samples, is_whole, read_record
from packager.scoring.plan import COUNTERS, PARTS, REJECTS, SUCCESS, WORK, ScorePlan

SERIES = "series.json"
"""The package's series before any row was counted, below ``WORK``."""
_LOCK = "lock"


def keep_series(plan: ScorePlan, series: Samples) -> None:
    """Write the series that every shard starts with."""
    with atomic_file(plan.state / WORK / SERIES) as file:
        file.write_bytes(canonical_json(series))


def finished(plan: ScorePlan, manifest: Manifest, schema: pa.Schema) -> list[Part] | None:
    """Finish the output if all parts are recorded; None if some are not yet.

    Safe to repeat, and to call in several processes at once.
    """
    if (plan.state / SUCCESS).exists():
        return _done(plan)
    with _alone(plan) as first:
        if not first:
            return _done(plan)
        if not all(plan.record(unit).exists() for unit in range(plan.units)):
            return None
        parts = _sums(plan, manifest)
        if plan.form == "delta":
            _commit(plan, manifest, parts, schema)
        with atomic_file(plan.state / SUCCESS) as file:
            file.write_bytes(b"")
    return _done(plan)


def _sums(plan: ScorePlan, manifest: Manifest) -> list[Part]:
    """Write the sums of all parts, the rejected rows and the list of parts."""
    series = json.loads((plan.state / WORK / SERIES).read_bytes())
    totals = {(name, tuple(sorted(labels.items()))): value for name, labels, value in series}
    parts = []
    with (
        atomic_file(plan.state / PARTS) as listing,
        listing.open("wb") as lines,
        _rejects_file(plan) as reject,
    ):
        for record in _records(plan):
            parts.append(record.part)
            lines.write(canonical_json(asdict(record.part)) + b"\n")
            reject(record.rejects)
            for name, labels, increase in record.counters:
                key = name, tuple(sorted(labels.items()))
                totals[key] = totals.get(key, 0.0) + increase
    counters = sorted(([name, dict(labels), v] for (name, labels), v in totals.items()), key=repr)
    with atomic_file(plan.state / COUNTERS) as file:
        file.write_bytes(
            canonical_json({"model": manifest.name, "version": manifest.tag, "series": counters})
        )
    return parts


@contextmanager
def _rejects_file(plan: ScorePlan) -> Iterator[Callable[[Iterable[tuple[int, str]]], object]]:
    """A function that writes rejected rows; with ``bad="fail"`` there are none, and no file."""
    if plan.bad == "fail":
        yield lambda _: None
        return
    with (
        atomic_file(plan.state / REJECTS) as path,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv_writer(file)
        writer.writerow(["row", "reason"])
        yield lambda rejects: writer.writerows((row, escaped(reason)) for row, reason in rejects)


def _commit(plan: ScorePlan, manifest: Manifest, parts: list[Part], schema: pa.Schema) -> None:
    from packager.tables.commit_once import WrittenFile, commit_once

    files = [WrittenFile(part.file, part.bytes, part.rows) for part in parts if part.rows]
    message = f"scored by {manifest.name} {manifest.tag}"
    commit_once(Location(str(plan.output.resolve())), files, schema, plan.id, message)


def _records(plan: ScorePlan) -> Iterator[PartRecord]:
    for unit in range(plan.units):
        record = read_record(plan, unit)
        assert record is not None
        yield record


def _done(plan: ScorePlan) -> list[Part]:
    """The parts of a finished output, whose leftovers are removed; ``PackageError`` if damaged."""
    shutil.rmtree(plan.state / WORK, ignore_errors=True)
    half = plan.part(0).name.replace("00000", "*", 1)
    for leftover in (*plan.output.glob(f".{half}.*"), *plan.state.glob("._*")):
        leftover.unlink(missing_ok=True)  # of a run that was killed
    with (plan.state / PARTS).open("rb") as lines:
        parts = [Part(**json.loads(line)) for line in lines]
    damaged = next((part for part in parts if not is_whole(plan, part)), None)
    if damaged is not None:
        raise PackageError(
            f"{plan.part(damaged.unit)}: expected {damaged.bytes:,} bytes with the recorded digest",
            f"the file was changed after the run: remove {plan.output} and score again",
        )
    return parts


@contextmanager
def _alone(plan: ScorePlan) -> Iterator[bool]:
    """Wait until no other process finishes this output; whether it still has to be finished.

    The system releases the lock however the process ends.
    """
    import fcntl  # only POSIX has it

    try:
        file = (plan.state / WORK / _LOCK).open("wb")
    except FileNotFoundError:
        if not (plan.state / SUCCESS).exists():
            raise
        yield False
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield not (plan.state / SUCCESS).exists()
