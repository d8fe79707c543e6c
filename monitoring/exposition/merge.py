"""Merges the values of all workers into lines of the exposition.

The rules and their order are those of prometheus_client's ``MultiProcessCollector``, so that sums
are equal to the last bit; but names are processed once, and values by NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.metrics.registry import format_go_float

Values = NDArray[np.float64]
Labels = tuple[tuple[str, str], ...]
Comparison = Callable[[Values, Values], Any]
"""(next value, value so far) → where the next value replaces it."""
Round = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Slots, and the index of one value of each; round n has the n-th value of each slot."""

SUMMED = frozenset({"counter", "histogram", "summary", "gauge_sum", "gauge_livesum"})
EXTREMES: dict[str, Comparison] = {
    "gauge_max": np.greater,
    "gauge_livemax": np.greater,
    "gauge_min": np.less,
    "gauge_livemin": np.less,
    "gauge_all": np.greater,
    "gauge_liveall": np.greater,
}
PER_WORKER = frozenset({"gauge_all", "gauge_liveall"})
"""Kinds with a line for each worker, labelled ``pid``, which are not merged."""
KINDS = SUMMED | EXTREMES.keys()


@dataclass
class Family:
    """A metric and its lines, in the library's order."""

    kind: str
    """The prefix of the file's name: ``counter``, ``gauge_max``."""
    help: str
    lines: dict[Labels, dict[tuple[str, Labels], int]] = field(default_factory=dict)
    """Labels (without ``le`` for a histogram) → name and all labels → slot of the value."""
    buckets: dict[Labels, dict[float, int]] = field(default_factory=dict)
    """For a histogram: labels without ``le`` → bound → slot."""


class Families:
    """The metrics of all files; each line has a *slot*, and each value is merged into one."""

    def __init__(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        """``files``: name and keys of each; raises ``ValueError`` for files that can't merge."""
        self.by_name: dict[str, Family] = {}
        self.made = 0
        """The number of slots."""
        self.slots: list[int] = []
        """The slot of each value, in the order of the files."""
        parsed: dict[bytes, tuple[str, str, Labels, str]] = {}
        for file, keys in files:
            kind, worker = _kind_of(file)
            if kind not in KINDS:
                raise ValueError(f"{file}: expected one of {sorted(KINDS)}, got {kind}")
            for key in keys:
                if key not in parsed:
                    metric, name, labels, text = json.loads(key)
                    parsed[key] = metric, name, tuple(sorted(labels.items())), text
                self.slots.append(self._slot(kind, worker, *parsed[key]))
        families = self.by_name.items()
        self.rows = [row for name, one in families for row in self._accumulate(name, one)]
        """For each histogram the slots of its buckets in order, then that of its count."""

    def of(self, kind: str) -> set[int]:
        """The slots of every family of this kind."""
        families = [family for family in self.by_name.values() if family.kind == kind]
        lines = [lines for family in families for lines in family.lines.values()]
        return {slot for line in lines for slot in line.values()}

    def _slot(
        self, kind: str, worker: str, metric: str, name: str, labels: Labels, text: str
    ) -> int:
        """The slot of one value."""
        family = self.by_name.setdefault(metric, Family(kind, text))
        if family.kind != kind:
            raise ValueError(f"{metric}: expected a {family.kind} in every file, got a {kind}")
        if kind == "histogram":
            bound = next((float(value) for key, value in labels if key == "le"), None)
            if bound is not None:
                rest = tuple(pair for pair in labels if pair[0] != "le")
                return self._in(family.buckets.setdefault(rest, {}), bound)
        elif kind in PER_WORKER:
            labels = (*labels, ("pid", worker))
        elif kind.startswith("gauge"):
            labels = tuple(pair for pair in labels if pair[0] != "pid")
        return self._in(family.lines.setdefault(labels, {}), (name, labels))

    def _in(self, slots: dict[Any, int], key: Any) -> int:
        if key not in slots:
            slots[key] = self.made
            self.made += 1
        return slots[key]

    def _accumulate(self, name: str, family: Family) -> Iterator[list[int]]:
        """Add lines for buckets and counts; yield the slots of each histogram."""
        for labels, buckets in family.buckets.items():
            lines = family.lines.setdefault(labels, {})
            bounds = sorted(buckets)
            for bound in bounds:
                lines[f"{name}_bucket", (*labels, ("le", format_go_float(bound)))] = buckets[bound]
            count = self._in(lines, (f"{name}_count", labels))
            yield [*(buckets[bound] for bound in bounds), count]


class FileMerger:
    """Merges the values of all files into the values of the slots."""

    def __init__(self, families: Families) -> None:
        self._made = families.made
        self._targets = np.array(families.slots, np.intp)
        self._rows = _same_length(families.rows)
        self._rounds = [(better, _rounds(families, kind)) for kind, better in EXTREMES.items()]

    def merged(self, values: Values) -> Values:
        """The value of each slot."""
        merged = np.zeros(self._made)
        with np.errstate(all="ignore"):  # infinities may be added or subtracted
            np.add.at(merged, self._targets, values)  # in order, as a loop would
            for rows in self._rows:
                buckets = rows[:, :-1]
                merged[buckets] = np.cumsum(merged[buckets], axis=1)
                merged[rows[:, -1]] = merged[rows[:, -2]]
        for better, rounds in self._rounds:
            for number, (slots, indices) in enumerate(rounds):
                new = values[indices]
                if number:
                    new = np.where(better(new, merged[slots]), new, merged[slots])
                merged[slots] = new
        return merged


def _rounds(families: Families, kind: str) -> list[Round]:
    kind_families = families.of(kind)
    indices: dict[int, list[int]] = {}
    for index, slot in enumerate(families.slots):
        if slot in kind_families:
            indices.setdefault(slot, []).append(index)
    rounds = []
    for number in range(max(map(len, indices.values()), default=0)):
        pairs = [
            (slot, own_indices[number])
            for slot, own_indices in indices.items()
            if number < len(own_indices)
        ]
        slots, at = np.array(pairs, np.intp).T
        rounds.append((slots, at))
    return rounds


def _kind_of(file: str) -> tuple[str, str]:
    """A file's kind and worker: ``gauge_max_w0.db`` has ``gauge_max`` and ``w0``."""
    parts = file.split("_")
    if parts[0] != "gauge" or len(parts) < 3:
        return parts[0], ""
    return f"gauge_{parts[1]}", parts[2].removesuffix(".db")


def _same_length(rows: list[list[int]]) -> list[NDArray[np.intp]]:
    """One matrix for each length of ``rows``."""
    lengths = sorted(set(map(len, rows)))
    return [np.array([row for row in rows if len(row) == n], np.intp) for n in lengths]
