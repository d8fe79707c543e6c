"""Headers of files of ``numpy.save``: whether an array holds objects, and how long it is."""

from __future__ import annotations

import ast
from typing import Any

from modelhost.pickles.source import PickleStream, UnreadableError

MAX_HEADER = 1 << 20


def read_header(source: PickleStream) -> int | None:
    """The bytes of the array behind its header; None of one that a pickle holds.

    Raises ``UnreadableError`` for a header that NumPy wouldn't read.
    """
    from numpy.lib.format import descr_to_dtype

    version = source.read(8)[6]
    length = int.from_bytes(source.read(2 if version == 1 else 4), "little")
    if length > MAX_HEADER:
        raise UnreadableError(f"has a header of {length:,} bytes")
    text = source.read(length).decode("latin1").strip()
    try:
        header: Any = ast.literal_eval(text)
        # NumPy knows many names of a type, such as "object", which hold no "O".
        dtype: Any = descr_to_dtype(header["descr"])
        count = dtype.itemsize
        for side in header["shape"]:
            count *= int(side)
    except (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise UnreadableError(f"has a header that NumPy refuses: {type(error).__name__}") from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError("has a header that is nested too deeply") from error
    return None if dtype.hasobject else max(count, 0)
