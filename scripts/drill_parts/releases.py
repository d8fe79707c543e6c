"""New data, a retrained version, its roll-out under load, and a bad version that is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from subprocess import CompletedProcess

from drill_parts import engine, paths, stack
from drill_parts.checks import LaterCheck, Record
from drill_parts.load import Load
from drill_parts.preparation import TABLE, build
from drill_parts.programs import package, package_json
from drill_parts.rows import SLICE

GATE = ("--gate-seconds", 20, "--latency-slack", 0.1, "--data", "judged.csv", "--json")
BROKEN_IMAGE = "drill-broken:1"
ENDS_AT_ONCE = 'ENTRYPOINT ["/opt/venv/bin/python", "-c", "raise SystemExit(3)"]'
BACK_SECONDS = 60
CLOSED_SECONDS = 150
"""An hour of the next version, which is a minute here, and the minute between two comparisons with
Alertmanager; the rest for a machine with other work."""


def new_version() -> str:
    """The new rows become a version of the table, and a package learns them; its name."""
    package("data", "add", "second.csv", "--table", TABLE, "-m", "as it is now")
    return build("2.0.0", 2)


def better_release(
    record: Record, load: Load, first: str, version: Callable[[], str]
) -> LaterCheck:
    """The version that learned the new rows is rolled out; whether open issues end then.

    ``version`` waits for it.
    """
    record.start("new data, and a version that learned them")
    second = version()
    compared = package_json("diff", first, second, "--data", "judged.csv")
    worse, better = _accuracy(compared)
    record.check(f"{SLICE} is better", better > worse, f"accuracy {worse:.3f} → {better:.3f}")
    record.start("roll-out under load")
    since = load.count
    done = package("deploy", "update", second, "--output", paths.DEPLOYED, *GATE, check=False)
    record.check("the gate passes", done.returncode == 0, _verdicts(done))
    record.none_lost(load, since)
    record.figures["requests during the roll-out"] = str(load.count - since)
    versions = {one.version for one in load.sent[-20:]}
    record.check("the new version answers", len(versions) == 1, ", ".join(sorted(versions)))
    return LaterCheck(
        *(record, "its issues are closed"),
        *(lambda found: not [one for one in found if one.is_open], CLOSED_SECONDS),
    )


def stale_release(record: Record, load: Load, stale: str) -> None:
    """A version of the rows as they were is refused by the gate, and the serving one stays."""
    record.start("a version that learned the earlier rows")
    since, serving = load.count, load.sent[-1].version
    done = package("deploy", "update", stale, "--output", paths.DEPLOYED, *GATE, check=False)
    record.check("the gate refuses", done.returncode == 1, _verdicts(done))
    _unchanged(record, load, since, serving)


def broken_release(record: Record, load: Load, version: str) -> None:
    """An image of ``version`` that never becomes ready, forced past the gate, is taken back."""
    record.start("a version that does not start")
    engine.derive(BROKEN_IMAGE, stack.serving_reference(), ENDS_AT_ONCE)
    since, serving, begun = load.count, load.sent[-1].version, time.monotonic()
    forced = ("--no-gate", "--reason", "drill", "--ready-seconds", 20, "--image", BROKEN_IMAGE)
    done = package("deploy", "update", version, "--output", paths.DEPLOYED, *forced, check=False)
    took = time.monotonic() - begun
    record.check("is taken back", done.returncode == 1, _verdicts(done))
    record.check(f"within {BACK_SECONDS} s", took < BACK_SECONDS, f"{took:.0f} s")
    _unchanged(record, load, since, serving)


def _unchanged(record: Record, load: Load, since: int, serving: str) -> None:
    now = {one.version for one in load.sent[-20:]}
    record.check("the earlier version answers", now == {serving}, ", ".join(sorted(now)))
    record.none_lost(load, since)


def _verdicts(done: CompletedProcess[str]) -> str:
    """Each check of an update and its outcome; the error of one without a verdict."""
    try:
        found = json.loads(done.stdout)
    except ValueError:
        errors = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
        return (errors[-1] if errors else done.stderr.strip()[-300:]).removeprefix("error: ")
    checks = found["gate"]["checks"] if found["gate"] else []
    return ", ".join(f"{one['name']} {one['outcome']}" for one in checks) or "no gate"


def replayed() -> tuple[bool, str]:
    """Whether the deployed version trains again to the same model, and what was said."""
    done = package("replay", stack.serving_reference(), check=False)
    lines = done.stdout.strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else done.stderr[-300:]


def _accuracy(compared: dict[str, object]) -> tuple[float, float]:
    """Accuracy of both versions in the slice."""
    slices = compared["slices"]
    assert isinstance(slices, dict)
    found = slices[SLICE]
    return float(found["before"]), float(found["after"])
