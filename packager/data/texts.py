"""Columns of text → their UTF-8, one after the other, whatever holds them.

pyarrow hands out its own buffers and converts Python's strings fastest; where it isn't
installed, and for lone surrogates (which are no UTF-8), Python does it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.xxh3 import Bits, Bytes, Places, xxh3_of_parts

_PROBE = 4096  # rows that show whether a column of text has few distinct values


def text_hashes(series: pd.Series[Any], null: int) -> Bits:
    """XXH3 of every text of a column in UTF-8; ``null`` where there is none: shape (rows,).

    Texts that occur often are hashed once.
    """
    dtype = series.dtype
    arrow = isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow"
    few = series.iloc[:_PROBE].nunique() <= min(len(series), _PROBE) // 2
    if few:
        codes, distinct = _arrow_codes(series) if arrow else _python_codes(series)
        hashes = xxh3_of_parts(*distinct)
        return np.take(np.append(hashes, np.uint64(null)), codes, mode="wrap")
    values = series.to_numpy(dtype=object) if not arrow else series.array
    data, offsets, absent = _utf8(values)
    hashes = xxh3_of_parts(data, offsets)
    hashes[absent] = null
    return hashes


_Parts = tuple[Bytes, Places]


def _arrow_codes(series: pd.Series[Any]) -> tuple[npt.NDArray[Any], _Parts]:
    encoded = _arrow(series.array).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, _buffers(encoded.dictionary)


def _python_codes(series: pd.Series[Any]) -> tuple[npt.NDArray[Any], _Parts]:
    codes, distinct = pd.factorize(series.to_numpy(dtype=object), use_na_sentinel=True)
    return codes, _encoded(distinct)


def _utf8(values: Any) -> tuple[Bytes, Places, npt.NDArray[np.bool_]]:
    """The texts' bytes, where each begins and the last ends, and which are null."""
    if find_spec("pyarrow"):
        try:
            array = _arrow(values)
        except UnicodeEncodeError:
            pass  # a lone surrogate
        else:
            absent = array.is_null().to_numpy(zero_copy_only=False)
            return *_buffers(array), absent
    absent = pd.isna(values)
    return *_encoded(np.where(absent, "", values)), absent


def _encoded(values: npt.NDArray[Any]) -> _Parts:
    texts = [text.encode("utf-8", "surrogatepass") for text in values]
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    return np.frombuffer(b"".join(texts), np.uint8), np.append(np.int64(0), ends)


def _arrow(values: Any) -> Any:
    import pyarrow as pa

    array = pa.array(values, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _buffers(array: Any) -> _Parts:
    """The buffers of an Arrow array of large strings, which may be a slice of a larger one."""
    _, offsets, data = array.buffers()
    if not len(array):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data or b"", np.uint8), ends
