"""Commands to copy: what to run to see an issue with one's own eyes."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from packager.tracker.core.issue import Issue

_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)


class Command(NamedTuple):
    """A command, and what it shows. Words in capital letters are to be replaced."""

    text: str
    shows: str


def commands(issue: Issue) -> list[Command]:
    """Commands for an issue's family; none if its names can't be typed in a shell."""
    names = (issue.package, *([issue.version_last] if issue.version_last else []))
    if not all(_PLAIN.fullmatch(name) for name in names) or issue.package.startswith("-"):
        return []
    package = shlex.quote(":".join(names))
    model = f"--model {shlex.quote(issue.package)}"
    version = f" --version {shlex.quote(issue.version_last)}" if issue.version_last else ""
    drift = Command(f"package drift SERVER {model}{version}", "drift, anomalies and slices, live")
    test = Command(f"package test {package} --data NEW.csv", "the package on newer rows")
    by_family = {
        "inputs": [drift, test],
        "quality": [test, drift],
        "labels": [drift],
        "identity": [Command(f"package replay {package}", "train again, and compare the models")],
        "speed": [Command(f"package bench {package}", "latency, memory and processor time")],
        "data": [Command("package data check PROJECT", "the rows that look wrong")],
    }
    inspect = Command(f"package inspect {package}", "recipe, data and metrics of the package")
    return [*by_family.get(issue.family, []), inspect]
