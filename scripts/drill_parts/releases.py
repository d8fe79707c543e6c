"""New data, a retrained version, its roll-out under load, and a bad version that is refused."""

from __future__ import annotations

import time

from drill_parts import paths, stack, tracker
from drill_parts.checks import Record
from drill_parts.images import derive
from drill_parts.load import Load
from drill_parts.preparation import TABLE, write_project
from drill_parts.programs import package, package_json
from drill_parts.rows import SLICE

GATE = ("--gate-seconds", 20, "--latency-slack", 0.1, "--data", "judged.csv")
BROKEN_IMAGE = "drill-broken:1"
BACK_SECONDS = 60
CLOSED_SECONDS = 120


def better_release(record: Record, load: Load, first: str) -> None:
    """The new rows become a version of the table; the model that learned them is rolled out."""
    record.start("new data, and a version that learned them")
    package("data", "add", "second.csv", "--table", TABLE, "-m", "as it is now")
    write_project("2.0.0", 2)
    second = _built()
    compared = package_json("diff", first, second, "--data", "judged.csv")
    worse, better = _accuracy(compared)
    record.check(f"{SLICE} is better", better > worse, f"accuracy {worse:.3f} → {better:.3f}")
    record.start("roll-out under load")
    since = load.count
    done = package("deploy", "update", second, "--output", paths.DEPLOYED, *GATE, check=False)
    record.check("the gate passes", done.returncode == 0, done.stderr.strip()[-300:])
    record.none_lost(load, since)
    record.figures["requests during the roll-out"] = str(load.count - since)
    versions = {one.version for one in load.sent[-20:]}
    record.check("the new version answers", len(versions) == 1, ", ".join(sorted(versions)))
    took = tracker.wait_for(lambda found: not [x for x in found if x.is_open], CLOSED_SECONDS)
    told = "not within its bound" if took is None else f"after {took:.0f} s"
    record.check("its issues are closed", took is not None, told)


def stale_release(record: Record, load: Load) -> None:
    """A version of the rows as they were is refused by the gate, and the serving one stays."""
    record.start("a version that learned the earlier rows")
    write_project("3.0.0", 1)
    third = _built()
    since, serving = load.count, load.sent[-1].version
    done = package("deploy", "update", third, "--output", paths.DEPLOYED, *GATE, check=False)
    record.check("the gate refuses", done.returncode == 1, done.stderr.strip()[-300:])
    _unchanged(record, load, since, serving)


def broken_release(record: Record, load: Load) -> None:
    """An image that never becomes ready, forced past the gate, is taken back."""
    record.start("a version that does not start")
    derive(BROKEN_IMAGE, stack.serving_reference(), 'ENTRYPOINT ["/bin/false"]')
    write_project("4.0.0", 2)
    fourth = _built()
    since, serving, begun = load.count, load.sent[-1].version, time.monotonic()
    forced = ("--no-gate", "--reason", "drill", "--ready-seconds", 20, "--image", BROKEN_IMAGE)
    done = package("deploy", "update", fourth, "--output", paths.DEPLOYED, *forced, check=False)
    took = time.monotonic() - begun
    record.check("is taken back", done.returncode == 1, done.stderr.strip()[-300:])
    record.check(f"within {BACK_SECONDS} s", took < BACK_SECONDS, f"{took:.0f} s")
    _unchanged(record, load, since, serving)


def _unchanged(record: Record, load: Load, since: int, serving: str) -> None:
    now = {one.version for one in load.sent[-20:]}
    record.check("the earlier version answers", now == {serving}, ", ".join(sorted(now)))
    record.none_lost(load, since)


def replayed(record: Record) -> None:
    """The deployed version trains again to the same model."""
    record.start("replay of the deployed version")
    reference = stack.serving_reference()
    done = package("replay", reference, check=False)
    lines = done.stdout.strip().splitlines()
    record.check("is equal", done.returncode == 0, lines[-1] if lines else done.stderr[-300:])


def _built() -> str:
    """Build the project into the engine; the name of the package."""
    base = (paths.WORK / "base").read_text(encoding="utf-8")
    built = package_json("build", paths.PROJECT, "--base", base, "--allow-findings")
    return str(built["tag"])


def _accuracy(compared: dict[str, object]) -> tuple[float, float]:
    """Accuracy of both versions in the slice."""
    slices = compared["slices"]
    assert isinstance(slices, dict)
    found = slices[SLICE]
    return float(found["before"]), float(found["after"])
