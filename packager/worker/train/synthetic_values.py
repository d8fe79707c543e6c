"""Synthetic values: similar to those of training, without copying a training row.

A model may accept only values like those of training: times in one format, codes, JSON with certain
keys. So each column has several generators, and the first whose values the model accepts is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from monitoring.profile.profile import FeatureProfile
from packager.data.rows.calendar_values import CONVERTERS
from packager.data.rows.coerce import format_bound
from packager.manifest.manifest import Column
from packager.worker.train.synthetic_nested import nested_generators
from packager.worker.train.synthetic_personal import synthetic

ROWS = 8
TEXT = "example"
MIN_SHARED_ROWS = 5
"""Minimum number of training values with the same part of a text for it to be used."""
MAX_LOOKED_AT = 10_000
"""Maximum number of training values that are split into parts."""
MAX_LENGTH = 2_000

ValueGenerator = Callable[[int], Any]
"""Step (0, 1, …) → value; nearby steps give different values if there are any."""

_PARTS = re.compile(r"[^\W_]+|[\W_]", re.ASCII)
"""Matches runs of letters and digits, and each other character."""


def value_generators(
    column: Column, profile: FeatureProfile | None, values: pd.Series[Any]
) -> tuple[ValueGenerator, ...]:
    """Generators for ``column``, the most private first; ``values`` are the training values."""
    return tuple(_makers(column, profile, values)) or (_null,)


def _null(_step: int) -> None:
    return None


def _makers(
    column: Column, profile: FeatureProfile | None, values: pd.Series[Any]
) -> Iterator[ValueGenerator]:
    if column.kind in ("array", "bytes", "list"):
        yield from nested_generators(column, values)
    elif column.personal is not None:
        yield from synthetic(column)
    elif column.categories:
        categories = column.categories
        yield lambda step: categories[step % len(categories)]
    elif column.kind == "string":
        yield lambda _: TEXT
        yield from _similar_texts(values)
    elif column.kind != "array" and column.minimum is not None and column.maximum is not None:
        bounds = _bounds(column.minimum, column.maximum, profile)
        yield lambda step: _plain(column, _middle(bounds, step))
        yield from _frequent(column, values)
    if column.nullable:
        yield _null


def _similar_texts(values: pd.Series[Any]) -> Iterator[ValueGenerator]:
    """Compose texts from parts that several training values share at the same position.

    Parts that they don't share are composed per character in the same way, or masked.
    """
    texts = [text for text in values.dropna().head(MAX_LOOKED_AT) if isinstance(text, str)]
    split = [_PARTS.findall(text) for text in texts if len(text) <= MAX_LENGTH]
    if not split:
        return
    form, _ = Counter(map(_form, split)).most_common(1)[0]
    alike = [parts for parts in split if _form(parts) == form]
    indices = list(zip(*alike, strict=True))
    for mask in (_commonest, _plain_mask):
        choices = [_shared(parts) or [mask(parts)] for parts in indices]
        yield _composer(choices)
        yield _composer([some[:1] for some in choices])  # of the most frequent part each


def _composer(choices: Sequence[Sequence[str]]) -> ValueGenerator:
    def compose(step: int) -> str:
        return "".join(some[(step + at) % len(some)] for at, some in enumerate(choices))

    return compose


def _form(parts: Sequence[str]) -> tuple[str, ...]:
    """The form of a text: the characters between its runs."""
    return tuple("" if part.isalnum() else part for part in parts)


def _shared(parts: Sequence[str]) -> list[str]:
    return [text for text, count in Counter(parts).most_common(ROWS) if count >= MIN_SHARED_ROWS]


def _commonest(parts: Sequence[str]) -> str:
    """The most frequent character, or a mask, at each place of parts of the commonest length."""
    length = Counter(map(len, parts)).most_common(1)[0][0]
    alike = [part for part in parts if len(part) == length]
    for share in (MIN_SHARED_ROWS, len(alike)):
        pattern = []
        for characters in zip(*alike, strict=True):
            character, count = Counter(characters).most_common(1)[0]
            pattern.append(character if count >= share else _mask(character))
        if "".join(pattern) not in alike:
            break
    return "".join(pattern)


def _mask(character: str) -> str:
    if not character.isalnum():
        return character
    return "1" if character.isdigit() else "A" if character.isupper() else "a"


def _plain_mask(parts: Sequence[str]) -> str:
    """A mask of the letter A, which every encoding alphabet contains."""
    return "A" * len(parts[0]) if parts[0].isalnum() else parts[0]


def _frequent(column: Column, values: pd.Series[Any]) -> Iterator[ValueGenerator]:
    """Numbers and times that several training rows share, such as codes, years or full hours."""
    counted = values.dropna().value_counts().head(ROWS)
    shared = sorted(counted[counted >= MIN_SHARED_ROWS].index)
    if shared:
        yield lambda step: _exactly(column, shared[step % len(shared)])


def _bounds(low: float, high: float, profile: FeatureProfile | None) -> list[tuple[float, float]]:
    """The profile's bins; without any, eighths of the training range."""
    if profile is not None and profile.kind == "numeric" and profile.edges:
        return list(pairwise((low, *profile.edges, high)))
    return list(pairwise(np.linspace(low, high, ROWS + 1).tolist()))


def _middle(bounds: list[tuple[float, float]], step: int) -> float:
    low, high = bounds[step % len(bounds)]
    return low + (high - low) / 2


def _plain(column: Column, middle: float) -> Any:
    match column.kind:
        case "integer":
            return round(middle)
        case "datetime":
            return _moment(middle, column.dtype)
        case "date" | "time" | "decimal":
            return format_bound(column, middle)
        case _:
            return _float(middle, column.dtype)


def _exactly(column: Column, value: Any) -> Any:
    if column.kind in CONVERTERS:
        return str(value)
    if column.kind == "datetime":
        return pd.Timestamp(value).isoformat()
    return int(value) if column.kind == "integer" else float(value)


def _float(value: float, dtype: str) -> float:
    """``value`` rounded to six significant digits, exactly representable in ``dtype``."""
    short = float(f"{value:.6g}")
    return float(np.float32(short)) if dtype in ("float32", "float16", "Float32") else short


def _moment(nanoseconds: float, dtype: str) -> str:
    """ISO 8601 with seconds, and an offset if the column has a time zone."""
    aware = "," in dtype
    moment = pd.Timestamp(int(nanoseconds // 10**9), unit="s", tz="UTC" if aware else None)
    return moment.isoformat()
