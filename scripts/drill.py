"""The life of a model on one machine, with faults injected, as a test of everything together.

    python scripts/drill.py [--short]

Builds a model of diamonds, deploys it with monitoring and an issue tracker into a Docker engine of
its own, injects faults, and asserts which issues open and close; then new data comes, and a
retrained version is rolled out under load. Prints each check; writes .drill/report.html; exits 1 if
a check fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from drill_parts import engine, images, paths
from drill_parts.checks import Record
from drill_parts.life import drill
from drill_parts.preparation import built_package, built_tracker, prepared
from drill_parts.printing import phase, say
from drill_parts.report import write_report
from drill_parts.verdicts import compared_verdicts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--short", action="store_true", help="two faults and one release")
    parser.add_argument(engine.INSIDE, action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    # As the first process of its namespace the drill would ignore signals without handlers.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return chosen(asked)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def chosen(asked: argparse.Namespace) -> int:
    """Prepare, or run what was prepared."""
    if asked.inside:
        return run(short=asked.short)
    return prepare(["--short"] if asked.short else [])


def prepare(arguments: list[str]) -> int:
    """The steps that need the network; the drill itself has none."""
    if missing := engine.why_not():
        sys.exit(
            f"error: the drill has an engine of its own, on Linux: it {missing}\n"
            "hint: as root `make drill YES=1` installs what is missing (Debian or Ubuntu)"
        )
    begun = time.monotonic()
    with engine.only_one():
        shutil.rmtree(paths.LOGS, ignore_errors=True)
        paths.LOGS.mkdir(parents=True)
        phase("preparation")
        images.fetch_packages()
        prepared()
        built_package()
        built_tracker()
        say(f"took {time.monotonic() - begun:.0f} s")
        return engine.again_in_namespaces(arguments)


def run(*, short: bool) -> int:
    """The drill in its namespaces."""
    record = Record()
    engine.clear()
    drill(record, short=short)
    told = compared_verdicts(record, paths.VERDICTS, "short" if short else "whole")
    record.figures["verdicts"] = told
    record.figures["load"] = f"{os.getloadavg()[2]:.1f} on {os.cpu_count()} processors"
    write_report(record, paths.REPORT)
    failed = record.failed
    phase(f"{record.now:.0f} s, {len(record.checks)} checks, {len(failed)} failed")
    for check in failed:
        say(f"FAIL  {check.phase}: {check.name}: {check.found}")
    say(f"verdicts: {told}")
    say(f"report: {paths.REPORT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
