"""Opening Parquet that anybody may have written: what is wrong with it, and whether it has room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packager.data.memory_limit import check_room
from packager.data.parquet_text import is_text
from packager.errors import UsageError


def opened_parquet(file: Path) -> Any:
    """A file to be read with each value of text once, however often it is in the table."""
    from pyarrow import parquet

    with readable(file):
        texts = [field.name for field in parquet.read_schema(file) if is_text(field.type)]
        return parquet.ParquetFile(file, pre_buffer=False, read_dictionary=texts)


def refuse_too_large(files: Sequence[Path], schema: Any, *, of_a_cell: int = 8) -> None:
    """Raise ``UsageError`` where a table in memory would take more than there is.

    ``of_a_cell``: bytes that each cell takes at least.
    """
    from pyarrow import parquet

    rows = 0
    for file in files:
        with readable(file):
            told = parquet.read_metadata(file)
            groups = sum(told.row_group(i).num_rows for i in range(told.num_row_groups))
            if groups != told.num_rows or told.num_rows < 0:
                raise UsageError(
                    f"{file}: expected {told.num_rows} rows, got {groups} in its parts"
                )
            rows += groups
    widths = (max(of_a_cell, _width(field.type)) for field in schema)
    shown = f"{rows:,} rows x {len(schema):,} columns"
    check_room(files[0] if len(files) == 1 else files[0].parent, "rows", rows * sum(widths), shown)


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turn what a file that is no Parquet leads to into a ``UsageError``."""
    import pyarrow as pa

    try:
        yield
    except UsageError:
        raise
    except MemoryError as error:  # of a damaged page, or of one that is a bomb
        raise UsageError(
            f"{file}: expected a Parquet file that fits into memory, got {error or 'a larger one'}"
        ) from error
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"{file}: expected a Parquet file, got {said}") from error


def _width(kind: Any) -> int:
    try:
        return int(kind.bit_width) // 8
    except ValueError:  # of variable width
        return 0
