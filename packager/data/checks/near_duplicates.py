"""Detectors ``near_duplicate`` and ``near_leakage``: text, arrays and images that hardly differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from monitoring.derived.images import ImageHeader, header
from monitoring.derived.jpeg_scan import ScanLimits
from monitoring.derived.thumbnails import PixelLimits, light_of
from packager.data.array_column import array_column
from packager.data.checks.free_text import is_free_text
from packager.data.checks.issue import DataIssue, Floats, Ints, Mask
from packager.data.checks.similarity import (
    Signatures,
    array_signatures,
    text_signatures,
    twins,
)
from packager.data.checks.split_overlap import SplitOverlap
from packager.data.checks.table import CheckedTable

MAX_ROWS = 50_000
"""Rows compared: those with the smallest hashes."""
MIN_PIXELS = 64
MAX_PIXELS = {"PNG": 1 << 18, "JPEG": 1 << 20}
"""Pixels of an image that is decoded: larger ones would take seconds."""
DECODED = PixelLimits(MAX_PIXELS["PNG"], ScanLimits(codes=400_000, bytes=1 << 19))
"""A tenth of a second for each image at most."""
MAX_EXPECTED_SHARE = 0.1
"""From this share of rows with a near duplicate on, they are expected."""


def near_duplicate(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.65, or 0.3 if many rows have one: text, arrays or images nearly equal to another's.

    Rows with equal features are left to ``duplicate`` and ``conflicting_label``.
    """
    rows = _distinct(table, np.ones(len(table), np.bool_))
    for name in _compared(table):
        some, signatures = _signatures(table, name, rows)
        if signatures is None:
            continue
        twin_of = twins(signatures, table.hashes[some])
        flagged = twin_of >= 0
        if flagged.any():
            expected = float(flagged.mean()) > MAX_EXPECTED_SHARE
            yield DataIssue(
                name,
                "content that differs from that of other rows",
                "keep one of them, or keep them on one side of the split",
                0.3 if expected else 0.65,
                some[flagged],
                [_like(table, row) for row in some[twin_of[flagged]]],
            )


def near_leakage(table: CheckedTable) -> Iterator[DataIssue]:
    """Held-out content nearly equal to a training row's.

    Score 0.75 if there is more of it than among training rows, else 0.35. Held-out rows with the
    very features of a training row are left to ``leakage``.
    """
    held_out = table.held_out
    if held_out is None or not held_out.any() or held_out.all():
        return
    trained = table.feature_hashes[table.trained]
    rows = _distinct(table, ~(held_out & np.isin(table.feature_hashes, trained)))
    for name in _compared(table):
        some, signatures = _signatures(table, name, rows)
        if signatures is None:
            continue
        tested = held_out[some]
        twin_of = twins(signatures, table.hashes[some], ~tested)
        flagged = twin_of >= 0
        if not flagged.any():
            continue
        within = twins(signatures.at(~tested), table.hashes[some[~tested]]) >= 0
        overlap = SplitOverlap(
            int(tested.sum()), float(flagged[tested].mean()), 2 * float(within.mean())
        )
        yield DataIssue(
            name,
            "held-out content that differs from that of training rows",
            "drop it, or split by the group that such rows belong to",
            0.75 if overlap.beyond_chance else 0.35,
            some[flagged],
            [f"{_like(table, row)}, a training row" for row in some[twin_of[flagged]]],
        )


def uncompared(table: CheckedTable) -> Iterator[str]:
    """Sentences about values that these detectors don't compare."""
    for name in _compared(table):
        if len(table) > MAX_ROWS:
            yield f"near_duplicate: compared {MAX_ROWS:,} of {len(table):,} rows of {name!r}"
        if table.holds(name, bytes):
            rows = _distinct(table, np.ones(len(table), np.bool_))
            other = sum(_is_undecoded(table, name, int(row)) for row in rows)
            if other:
                yield (
                    f"near_duplicate: not checked for {other:,} images of {name!r}: PNG of at most "
                    f"{MAX_PIXELS['PNG']:,} pixels is decoded and sequential JPEG of at most "
                    f"{MAX_PIXELS['JPEG']:,}, or {DECODED.scan.bytes >> 10} KiB; others need a "
                    "library of the project"
                )
    lists = [name for name in table.features if table.holds(name, list)]
    if lists:
        yield f"near_duplicate: not checked for lists ({lists[0]!r})"


def _compared(table: CheckedTable) -> Iterator[str]:
    """Features with text, arrays or bytes."""
    for name in table.features:
        free = name in table.texts and is_free_text(table, name)
        if free or name in table.arrays or table.holds(name, bytes):
            yield name


def _distinct(table: CheckedTable, able: Mask) -> Ints:
    """One row of each features among ``able``, of the smallest hash: at most ``MAX_ROWS``."""
    sampled = table.sample(len(table), able)
    order = sampled[np.lexsort((sampled, table.hashes[sampled]))]
    _, first = np.unique(table.feature_hashes[order], return_index=True)
    distinct = order[first]
    return np.sort(distinct[np.argsort(table.hashes[distinct], kind="stable")[:MAX_ROWS]])


def _signatures(table: CheckedTable, name: str, rows: Ints) -> tuple[Ints, Signatures | None]:
    """The rows that can be compared, and their signatures."""
    column = table.frame[name].iloc[rows]
    rows = rows[column.notna().to_numpy()]
    arrays = array_column(table.frame[name])
    if arrays is not None:
        return rows, array_signatures(arrays.block[rows])
    cells = table.frame[name].iloc[rows].tolist()
    if table.holds(name, bytes):
        small = [_thumbnail(table, name, int(row)) for row in rows]
        comparable = [at for at, one in enumerate(small) if one is not None]
        points = [one for one in small if one is not None]
        return rows[comparable], array_signatures(np.stack(points)) if points else None
    comparable = [at for at, cell in enumerate(cells) if isinstance(cell, str)]
    return rows[comparable], text_signatures(
        [cells[at] for at in comparable]
    ) if comparable else None


def _thumbnail(table: CheckedTable, name: str, row: int) -> Floats | None:
    """Of the image in this cell; None for what is not decoded whole, or too small to compare."""
    if (name, row) not in table.thumbnails:
        table.thumbnails[name, row] = _decoded(table.frame[name].iloc[row])
    return table.thumbnails[name, row]


def _decoded(cell: Any) -> Floats | None:
    about = header(cell) if isinstance(cell, bytes) else None
    if about is None or not _fits(about):
        return None
    light = light_of(cell, DECODED)
    return light.points if light is not None and light.whole else None


def _fits(image: ImageHeader) -> bool:
    return MIN_PIXELS <= image.width * image.height <= MAX_PIXELS.get(image.format, 0)


def _is_undecoded(table: CheckedTable, name: str, row: int) -> bool:
    """Whether a cell is an image, not too small to compare, without a thumbnail."""
    cell = table.frame[name].iloc[row]
    about = header(cell) if isinstance(cell, bytes) else None
    if about is None or about.width * about.height < MIN_PIXELS:
        return False
    return _thumbnail(table, name, row) is None


def _like(table: CheckedTable, row: int) -> str:
    part = " (test)" if row >= table.source_rows else ""
    return f"nearly that of row {row - table.source_rows if part else row}{part}"
