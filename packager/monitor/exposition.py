"""What ``/metrics`` answers, read: Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(?:,|$)')
ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Sample:
    """One series and its value."""

    name: str
    labels: dict[str, str]
    value: float


def samples(text: str) -> Iterator[Sample]:
    """Every sample of ``text``; raise ``ValueError`` for a line that is none."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = SAMPLE.fullmatch(line.strip("\r"))
        if found is None:
            raise ValueError(f"line {number}: expected a sample, got {line[:60]!r}")
        name, labels, value = found.groups()
        yield Sample(name, _labels(labels or "", number), float(value.replace("_", "?")))


def _labels(text: str, number: int) -> dict[str, str]:
    labels = {}
    place = 0
    while place < len(text):
        found = LABEL.match(text, place)
        if found is None:
            raise ValueError(f"line {number}: expected labels, got {text[place : place + 60]!r}")
        labels[found[1]] = re.sub(r"\\(.)", lambda c: ESCAPES.get(c[1], c[0]), found[2])
        place = found.end()
    return labels
