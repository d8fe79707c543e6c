"""Renders the answer to a scrape: prometheus_client's text, with its constant parts cached.

Keys in counter files never move. So the library renders names, labels, ``HELP`` and ``TYPE`` once,
until a file has other keys; a scrape reads the values, merges and formats them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import numpy as np

from monitoring.exposition.merge import Families, Family, FileMerger
from monitoring.exposition.mmap_file import ValueOffsets, Words, entries, read_words
from monitoring.metrics.registry import (
    REGISTRY,
    CollectorRegistry,
    Metric,
    format_go_float,
    generate_latest,
    library_text,
)


class Rendering:
    """The text of a folder of counter files; uses a few hundred bytes for each key."""

    def __init__(self, folder: str | None, *, own: bool = True) -> None:
        """``folder``: None if this process is the only one and counts in memory.

        Without ``own`` the library renders every text, which takes tens of milliseconds.
        """
        self._folder = folder
        self._own = own
        self._layout: FileLayout | None = None

    def cached(self) -> bytes | None:
        """The text, in about a millisecond; None if ``rebuild`` is needed."""
        if self._folder is None or self._layout is None:
            return None
        files = read_files(Path(self._folder))
        return self._layout.text(files) if self._layout.of_the_same(files) else None

    def rebuild(self) -> bytes:
        """The text, in tens of milliseconds; with our own merge, ``cached`` works next."""
        if self._folder is None:
            return generate_latest(REGISTRY)
        folder = Path(self._folder)
        if not self._own:
            return library_text(folder)
        files = read_files(folder)
        try:
            self._layout = FileLayout(folder, files)
        except ValueError:
            self._layout = None
            return library_text(folder)
        return self._layout.text(files)


def read_files(folder: Path) -> dict[str, Words]:
    """The words of each counter file by name, in the folder's order, as the library uses them."""
    files = {}
    for name in os.listdir(folder):
        if name.endswith(".db") and not name.startswith("."):
            try:
                files[name] = read_words(folder / name)
            except FileNotFoundError:
                continue  # gauges of a dead worker, deleted by its successor
    return files


class FileLayout:
    """The constant part of the text for a set of files."""

    def __init__(self, folder: Path, files: Mapping[str, Words]) -> None:
        """Raises ``ValueError`` if the files can't be merged."""
        by_file = {name: list(entries(folder / name, words)) for name, words in files.items()}
        families = Families((name, [key for key, _ in of]) for name, of in by_file.items())
        self._between, self._slots = _text_between(families)
        self._merging = FileMerger(families)
        self._offsets: dict[str, ValueOffsets] = {}
        known: dict[
            bytes, ValueOffsets
        ] = {}  # workers make the same keys, mostly in the same order
        for name, words in files.items():
            offsets = ValueOffsets.of(words, [value for _, value in by_file[name]])
            self._offsets[name] = known.setdefault(offsets.rest, offsets)

    def of_the_same(self, files: Mapping[str, Words]) -> bool:
        """Whether ``files`` differ from the original ones only in values."""
        return list(files) == list(self._offsets) and all(
            offsets.still_in(files[name]) for name, offsets in self._offsets.items()
        )

    def text(self, files: Mapping[str, Words]) -> bytes:
        """The exposition of ``files``."""
        parts = [files[name][offsets.values] for name, offsets in self._offsets.items()]
        values = np.concatenate([np.empty(0, np.int64), *parts]).view(np.float64)
        numbers = map(format_go_float, self._merging.merged(values)[self._slots].tolist())
        pieces = chain.from_iterable(zip(self._between, chain(numbers, ("",)), strict=True))
        return "".join(pieces).encode()


class _Named:
    """A collector of metrics whose values are their slot numbers."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        for name, family in self._families.items():
            metric = Metric(name, family.help, family.kind.partition("_")[0])
            for lines in family.lines.values():
                for (line, labels), slot in lines.items():
                    metric.add_sample(line, dict(labels), slot)
            yield metric


def _text_between(families: Families) -> tuple[list[str], list[int]]:
    """The text before each value and after the last one; and the slots of the values."""
    registry = CollectorRegistry()
    registry.register(_Named(families.by_name))
    between, slots = [""], []
    for line in generate_latest(registry).decode().split("\n"):
        if line and not line.startswith("#"):
            before, _, number = line.rpartition(" ")
            between[-1] += f"{before} "
            between.append("\n")
            slots.append(int(float(number)))
        elif line:
            between[-1] += f"{line}\n"
    return between, slots
