"""Open untrusted Parquet files: check that they are valid and fit in memory.

A file's metadata state its size, but may be wrong. So the metadata are checked first, then the
content is measured in dictionary-encoded form, and a memory limit bounds everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packager.data.memory_limit import bounded_memory, check_room
from packager.data.parquet_text import is_text, spelled_bytes
from packager.errors import UsageError

MAX_FOOTER_BYTES = 64 << 20
"""Maximum size of a file's metadata, which are read whole."""
_FOOTER_GROWS = 400
"""Largest ratio of a footer's size in memory to its size in the file."""
_MAGIC = b"PAR1"
_MEASURED = 1024
"""Rows measured at a time, or fewer of many bytes: a single one may be arbitrarily long."""
_MEASURED_BYTES = 16 << 20


def opened_parquet(file: Path) -> Any:
    """Open a file for reading with text dictionary-encoded."""
    parquet = _parquet(file)

    with readable(file):
        texts = [field.name for field in schema_of(file) if is_text(field.type)]
        return parquet.ParquetFile(file, pre_buffer=False, read_dictionary=texts)


def schema_of(file: Path) -> Any:
    """The Arrow schema of a file; ``UsageError`` if its footer does not fit in memory."""
    parquet = _parquet(file)

    with readable(file):
        with file.open("rb") as source:
            check_footer(file, source)
        return parquet.read_schema(file)


def _parquet(file: Path) -> Any:
    """The reader; ``UsageError`` in the environment of a package without it."""
    try:
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{file}: expected CSV or NumPy files, as this package's own data are, got Parquet",
            "the package was built without pyarrow, which reads Parquet, and so tables: give the "
            "rows as CSV, or build the package from Parquet or a table",
        ) from error
    return parquet


def check_footer(location: object, source: Any) -> None:
    """Raise ``UsageError`` if the footer of an open file is too large to be read."""
    end = source.seek(0, 2)
    source.seek(max(0, end - 8))
    tail = source.read(8)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or size > end:
        return  # the reader reports it
    if size > MAX_FOOTER_BYTES:
        raise UsageError(
            f"{location}: expected a footer of at most {MAX_FOOTER_BYTES >> 20} MiB, got one of"
            f" {size:,} bytes",
            "write it with fewer columns or row groups",
        )
    check_room(location, "a footer", size * _FOOTER_GROWS, f"one of {size:,} bytes")


def refuse_too_large(files: Sequence[Path], schema: Any, *, of_a_cell: int = 8) -> None:
    """Raise ``UsageError`` if a table does not fit in memory.

    ``of_a_cell``: minimum bytes per cell.
    """
    rows = 0
    for file in files:
        with readable(file), opened_parquet(file) as opened:
            rows += row_count(file, opened.metadata)
    size = rows * sum(max(of_a_cell, cell_bytes(field.type)) for field in schema)
    shown = f"{rows:,} rows x {len(schema):,} columns"
    path = files[0] if len(files) == 1 else files[0].parent
    check_room(path, "rows", size, shown)
    for file in files:
        for count in measured(file, schema):
            size += count
            check_room(path, "rows", size, shown)


def refuse_large_blocks(
    file: object, schema: Any, rows: int, source: Any = None, *, most: int | None = None
) -> None:
    """Raise ``UsageError`` if ``rows`` rows of nested and binary columns don't fit in memory.

    ``most``: the number of rows, from the first, that are looked at; None for all.
    """
    size = seen = 0
    for measured_rows, block_rows in _measured(file, schema, source):
        if seen + measured_rows > rows:
            size = seen = 0
        size, seen = size + block_rows, seen + measured_rows
        check_room(file, "nested and binary columns", size, f"{rows:,} rows of them")
        if most is not None and seen >= most:
            return


def rows_within(file: Path, size: int) -> int:
    """Number of rows of a file that have about ``size`` bytes before encoding; at least 1."""
    with readable(file), opened_parquet(file) as opened:
        return max(1, size // _row_bytes(opened))


def _row_bytes(opened: Any) -> int:
    """Mean bytes of a row, by the metadata, which may understate them."""
    metadata = opened.metadata
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    stored = sum(max(0, int(group.total_byte_size)) for group in groups)
    fixed = sum(cell_bytes(field.type) for field in opened.schema_arrow)
    return max(1, fixed, stored // max(1, int(metadata.num_rows)))


def row_count(location: object, metadata: Any) -> int:
    """Number of rows of a file; ``UsageError`` if it differs from the sum of its row groups."""
    groups = sum(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
    if groups != metadata.num_rows or metadata.num_rows < 0:
        raise UsageError(
            f"{location}: expected {metadata.num_rows} rows, got {groups} in its row groups"
        )
    return int(groups)


def refuse_large_groups(location: object, source: Any, schema: Any) -> None:
    """Raise ``UsageError`` if a row group of an open file, read whole, doesn't fit in memory."""
    from pyarrow import parquet

    check_footer(location, source)
    with readable(location), parquet.ParquetFile(source, pre_buffer=False) as opened:
        metadata = opened.metadata
        row_count(location, metadata)
        most = max(
            (metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)), default=0
        )
    size = most * sum(max(8, cell_bytes(field.type)) for field in schema)
    check_room(location, "a row group", size, f"{most:,} rows x {len(schema):,} columns")


def measured(file: object, schema: Any, source: Any = None) -> Iterator[int]:
    """Yield, per batch of rows, the decoded bytes of the nested and binary columns.

    ``source``: a function that opens the file, if ``file`` is only its name in messages.
    """
    return (size for _, size in _measured(file, schema, source))


def _measured(file: object, schema: Any, source: Any = None) -> Iterator[tuple[int, int]]:
    """``measured``, with the number of rows of each batch."""
    from pyarrow import parquet

    names = [field.name for field in schema if _is_hidden(field.type)]
    if not names:
        return
    with readable(file):
        open_file = source or (lambda: file)
        with parquet.ParquetFile(open_file(), pre_buffer=False) as plain:
            leaves = _leaves(plain)
        opened = parquet.ParquetFile(open_file(), pre_buffer=False, read_dictionary=leaves)
    with opened:
        rows = min(_MEASURED, max(1, _MEASURED_BYTES // _row_bytes(opened)))
        for batch in batches(file, opened, rows, names):
            yield len(batch), sum(map(spelled_bytes, batch.columns))


def batches(file: object, opened: Any, rows: int, columns: Sequence[str]) -> Iterator[Any]:
    """Yield an open file's rows, at most ``rows`` at a time; only reading is memory-bounded."""
    with readable(file):
        iterator = opened.iter_batches(rows, columns=list(columns), use_threads=False)
    while True:
        with readable(file):
            batch = next(iterator, None)
        if batch is None:
            return
        yield batch


@contextmanager
def readable(file: object) -> Iterator[None]:
    """Convert errors of an invalid Parquet file, and lack of memory, to a ``UsageError``."""
    import pyarrow as pa

    try:
        with bounded_memory():
            yield
    except UsageError:
        raise
    except MemoryError as error:  # from a damaged page, or a decompression bomb
        raise UsageError(
            f"{file}: expected a Parquet file that fits into memory, got {error or 'a larger one'}"
        ) from error
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        text = " ".join(str(error).split())[:300]
        raise UsageError(f"{file}: expected a Parquet file, got {text}") from error


def cell_bytes(kind: Any) -> int:
    """Bytes per cell of a fixed-width Arrow type, or of a fixed-size list of it; else 0."""
    if _is_fixed_list(kind):
        return int(kind.list_size) * cell_bytes(kind.value_type)
    return max(1, int(kind.bit_width) // 8) if _has_width(kind) else 0


def _leaves(opened: Any) -> list[str]:
    columns = opened.metadata.schema
    return [columns.column(index).path for index in range(opened.metadata.num_columns)]


def _is_hidden(kind: Any) -> bool:
    """Whether the size of cells depends on their values, and they are not text."""
    import pyarrow as pa

    if is_text(kind) or pa.types.is_dictionary(kind):
        return False
    return not _has_width(kind) or (bool(pa.types.is_nested(kind)) and not _is_fixed_list(kind))


def _is_fixed_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(kind))


def _has_width(kind: Any) -> bool:
    if _is_fixed_list(kind):
        return _has_width(kind.value_type)
    try:
        return bool(kind.bit_width >= 0)
    except ValueError:
        return False
