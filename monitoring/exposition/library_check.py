"""Checks that this version of prometheus_client has the internals that this package builds on.

It creates metrics in our counter files, in a temporary folder, and compares our exposition of them
with the library's.
"""

from __future__ import annotations

import functools
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitoring.exposition.render import FileLayout, read_files
from monitoring.exposition.worker_files import CounterFile
from monitoring.metrics.registry import (
    BufferedHistogram,
    CollectorRegistry,
    Series,
    library_text,
    worker_files,
)

logger = logging.getLogger("monitoring")
VALUES = (0.25, 1.5, 1e16, 0.0, -3.0)


class UnsupportedLibraryError(Exception):
    """prometheus_client does not use our counter files, or does not read them."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"prometheus_client: expected {expected}, got {got}")
        self.expected = expected
        self.got = got


@functools.cache
def check_library() -> bool:
    """Whether our exposition equals the library's; if not, a warning is logged.

    Raises ``UnsupportedLibraryError`` if the library can't use our files at all. Call it while no
    other thread creates metrics; the process's own counters are unchanged.
    """
    with tempfile.TemporaryDirectory(prefix="counters-") as name:
        folder = Path(name)
        _count(folder)
        files = read_files(folder)
        try:
            theirs = library_text(folder)
        except Exception as error:
            raise UnsupportedLibraryError(
                "it to read counter files", f"{type(error).__name__}: {error}"
            ) from error
        if not files or b"check_rows_total" not in theirs or b" 1.5\n" not in theirs:
            raise UnsupportedLibraryError("counters in our files", _shown(files, theirs))
        try:
            ours = FileLayout(folder, files).text(files)
        except Exception as error:
            ours = f"{type(error).__name__}: {error}".encode()
        if ours == theirs:
            return True
    logger.warning(
        "prometheus_client: its exposition differs from ours: the library renders metrics itself,"
        " which is slower"
    )
    return False


def _count(folder: Path) -> None:
    """Count and observe values in files below ``folder``."""
    opened = len(CounterFile.opened)
    try:
        with _counting_in(folder), worker_files("w0"):
            series = Series("model", "version", CollectorRegistry())
            rows = series.counter("check_rows", "Rows.", "label")
            for value in (1e16, 1.5):
                rows.labels(*series.common, f'"{value}"\n').inc(value)
            series.gauge("check_level", "Level.")(VALUES[-1])
            observed = series.histogram("check_seconds", "Seconds.", (0.5, 1.0, 2.5))()
            assert isinstance(observed, BufferedHistogram)
            for value in VALUES:
                observed.observe(value)
            observed.flush()
    except (AttributeError, ImportError, TypeError) as error:
        raise UnsupportedLibraryError(
            "prometheus_client.values to take our counter files", f"{type(error).__name__}: {error}"
        ) from error
    finally:
        for file in CounterFile.opened[opened:]:
            file.close()


@contextmanager
def _counting_in(folder: Path) -> Iterator[None]:
    """Make the library use ``folder`` for its files while the block runs."""
    variable = "PROMETHEUS_MULTIPROC_DIR"
    before = os.environ.get(variable)
    os.environ[variable] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _shown(files: object, theirs: bytes) -> str:
    return f"{len(theirs)} bytes of exposition" if files else "no file of ours"
