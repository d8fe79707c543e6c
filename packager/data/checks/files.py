"""Detectors ``broken_image`` and ``mixed_images``: bytes that are no images, and unlike ones."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator

import numpy as np

from monitoring.derived.images import ImageHeader, header
from monitoring.derived.png import chunks
from packager.data.checks.issue import DataIssue
from packager.data.checks.table import CheckedTable

MIN_IMAGE_SHARE = 0.5
"""From this share on, a column of bytes holds images."""
MAX_RARE_SHARE = 0.05
"""Formats and sizes of fewer rows are reported where one has all the others."""


def broken_image(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.97 for what is no image, damaged, or cut off, in a column of images."""
    for name, rows, images in _images(table):
        cells = table.frame[name].to_numpy(object)
        faults = [
            (row, fault)
            for row, image in zip(rows, images, strict=True)
            if (fault := "no image" if image is None else _fault(cells[row], image))
        ]
        if faults:
            yield DataIssue(
                name,
                "a whole image",
                "replace the file, or drop the row",
                0.97,
                np.array([row for row, _ in faults], np.intp),
                [f"{fault}, {len(cells[row]):,} bytes" for row, fault in faults],
            )


def mixed_images(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.5: a format or a size that few images have, where all others have one."""
    for name, rows, images in _images(table):
        for what in ("format", "size"):
            texts = [_text(image, what) for image in images if image is not None]
            times = Counter(texts)
            (usual, count), *rest = times.most_common() or [("", 0)]
            if not rest or count < (1 - MAX_RARE_SHARE) * len(texts):
                continue
            odd = [
                (row, _text(image, what))
                for row, image in zip(rows, images, strict=True)
                if image is not None and _text(image, what) != usual
            ]
            yield DataIssue(
                name,
                f"{usual}, as {count / len(texts):.1%} of the images",
                f"convert it, if the model expects one {what}",
                0.5,
                np.array([row for row, _ in odd], np.intp),
                [text for _, text in odd],
            )


def _images(
    table: CheckedTable,
) -> Iterator[tuple[str, list[int], list[ImageHeader | None]]]:
    """Each column of images, its rows with bytes, and their headers."""
    for name in table.frame.columns:
        if not table.holds(name, bytes):
            continue
        cells = table.frame[name].tolist()
        rows = [row for row, cell in enumerate(cells) if isinstance(cell, bytes)]
        images = [header(cells[row]) for row in rows]
        if sum(image is not None for image in images) >= MIN_IMAGE_SHARE * max(1, len(rows)):
            yield name, rows, images


def _text(image: ImageHeader, what: str) -> str:
    return image.format if what == "format" else f"{image.width} x {image.height} pixels"


def _fault(data: bytes, image: ImageHeader) -> str:
    """The fault of an image whose header can be read; empty if it has none."""
    if image.format == "PNG":
        return _png_fault(data)
    if image.format == "JPEG":
        return "" if b"\xff\xd9" in data[-64:] else "cut off"
    if image.format == "GIF":
        return "" if data.rstrip(b"\0").endswith(b";") else "cut off"
    at = 2 if image.format == "BMP" else 4
    size = int.from_bytes(data[at : at + 4], "little") + (0 if image.format == "BMP" else 8)
    return "cut off" if len(data) < size else ""


def _png_fault(data: bytes) -> str:
    last = b""
    for last, start, stop in chunks(data):
        if zlib.crc32(data[start - 4 : stop]) != int.from_bytes(data[stop : stop + 4], "big"):
            return f"damaged (checksum of {last.decode('latin-1')})"
        if last == b"IEND":
            return ""
    return "cut off"
