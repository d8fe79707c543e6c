"""The main workflow, step by step, on a real data set; prints every command before running it."""

from __future__ import annotations

import re
import sys
import time

from demo_parts import paths
from demo_parts.printing import say
from demo_parts.processes import run, stopped_by_signals
from demo_parts.project import base_option, prepare
from demo_parts.services import issue_tracker, served
from demo_parts.traffic import send_and_measure

from packager.engine.engine import Engine


def main() -> None:
    started = time.monotonic()
    engine = Engine.connect()
    say("1", "data", "53,940 diamonds, from the package plotnine")
    prepare()
    say("2", "issues", "an issue tracker on 127.0.0.1, to which the next steps report")
    with issue_tracker() as issues:
        target = follow(engine, issues)
        say("7", "what needs doing", "what these steps found, the most urgent first")
        show_issues(issues)
    finish(target, engine, time.monotonic() - started)


def follow(engine: Engine | None, issues: str) -> str:
    """From the build to the replay; the name of the package."""
    say("3", "build", "lock, train, measure, assemble; " + where(engine))
    target = build(engine, issues)
    say("4", "inspect", "what is inside")
    run(["inspect", target], keep=30)
    say("5", "serve", "predictions, metrics and drift on 127.0.0.1")
    local = [] if engine else ["--local"]
    with served(target, local) as url:
        send_and_measure(url)
        print("\n  the first rows of the file have similar prices, unlike the training rows:")
        run(["drift", f"{url}/metrics", "--issues", issues], keep=14)
    say("6", "replay", "train again from the package alone, no network, and compare")
    run(["replay", target, *local, "--issues", issues])
    return target


def where(engine: Engine | None) -> str:
    if engine is not None:
        return "into the Docker engine"
    return "no engine responds, so into an OCI folder"


def build(engine: Engine | None, issues: str) -> str:
    """Build with the example's base, or without a registry with a base of Debian packages."""
    arguments = ["build", "diamonds", *base_option(engine), "--issues", issues]
    if engine is None:
        arguments += ["--output", "oci:diamonds-image"]
    return run(arguments, keep=1).strip()


def show_issues(issues: str) -> None:
    """List the issues, and show the most urgent one."""
    listed = run(["issues", "list", "--issues", issues, "--limit", "10"])
    first = re.search(r"#(\d+)", listed)
    if first is None:
        sys.exit("error: expected issues of the data and of drift, got none")
    print()
    run(["issues", "show", first[1], "--issues", issues])


def finish(target: str, engine: Engine | None, seconds: float) -> None:
    print(f"\ndone in {seconds:.0f} s; everything is in {paths.WORK.relative_to(paths.TOP)}/")
    print("try next:")
    print("  . .venv/bin/activate && cd .demo")
    local = "" if engine else " --local"
    print(f"  package predict {target} --data diamonds/data/diamonds.csv --format csv{local}")
    print("  package issues serve --state issues    # the pages of the issue tracker")
    print("  package init my-model && package build my-model --output oci:my-image")
    if engine is None:
        print("  containers: `make demo YES=1` installs Docker Engine (root, Debian or Ubuntu)")


if __name__ == "__main__":
    sys.exit(stopped_by_signals(main))
