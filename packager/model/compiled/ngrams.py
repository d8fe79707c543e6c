"""Count the n-grams of documents that have a feature."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from packager.model.compiled.stored_arrays import array_of
from packager.model.compiled.text_analysis import (
    characters,
    padded_words,
    preprocessor,
    tokenizer,
)
from packager.model.compiled.text_form import NgramLevel, Text, Vocabulary

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_NOTHING = np.empty(0, np.int64)
MAX_UNSORTED = 512
"""More keys than that are sorted before they are looked up: memory is then read in order."""


class Counts(NamedTuple):
    """Features that documents have, ordered by document and feature, and how often."""

    rows: Integers
    features: Integers
    counts: Integers


class _Items(NamedTuple):
    """The items of documents, one after another, with an unknown item behind each piece."""

    codes: Integers
    rows: Integers
    """The document of each item."""
    sizes: Integers
    """The length of each piece."""


class NgramCounter:
    """Counts the n-grams of a text's vocabulary.

    The codes of items are their numbers; all unknown items have the next number, so that the key of
    an n-gram with one is not in the vocabulary.
    """

    def __init__(self, text: Text, content: bytes | mmap.mmap) -> None:
        """``content``: the file of the form's arrays; raises ``PackageError`` if it is damaged."""
        vocabulary = text.vocabulary
        assert vocabulary is not None
        self._prepare = preprocessor(text.analysis)
        self._longest = text.analysis.longest
        items = items_of(vocabulary, content)
        self._levels = [_Level(level, len(items), content) for level in vocabulary.levels]
        self._split = _splitter(text, items)
        self._width = 1 + max((level.highest for level in self._levels), default=0)

    def counts(self, documents: Sequence[str]) -> tuple[Counts, Bools]:
        """The counts of each document, and the mask of documents in the domain.

        The others have no counts.
        """
        inside = np.ones(len(documents), bool)
        parts = []
        for row, document in enumerate(documents):
            part = self._divided(document)
            if part is None:
                inside[row] = False
            parts.append(part or ())
        items = self._split.items(parts)
        per_level, rows = [], []
        for level in self._levels:
            indices, keys = self._split.windows(items, level)
            if not len(keys):
                continue
            per_level.append(level.features_of(keys))
            rows.append(items.rows[indices])
        if not per_level:
            return Counts(_NOTHING, _NOTHING, _NOTHING), inside
        features = np.concatenate(per_level)
        known = features >= 0
        owners = np.concatenate(rows)[known]
        distinct, counts = _counted(owners * self._width + features[known])
        owners, features = np.divmod(distinct, self._width)
        return Counts(owners, features, counts), inside

    def counts_of_one(self, document: str) -> tuple[Integers, Integers] | None:
        """The features of one document and their counts; None outside the domain."""
        parts = self._divided(document)
        if parts is None:
            return None
        items = self._split.items_of_one(parts)
        per_level = [
            level.features_of(self._split.windows(items, level)[1]) for level in self._levels
        ]
        if not per_level:
            return _NOTHING, _NOTHING
        return _counted(np.concatenate(per_level) if len(per_level) > 1 else per_level[0])

    def _divided(self, document: str) -> Sequence[str] | None:
        if self._longest is not None and len(document) > self._longest:
            return None
        return self._split.parts(self._prepare(document))


def items_of(vocabulary: Vocabulary, content: bytes | mmap.mmap) -> list[str]:
    """The words or characters of the vocabulary, in order."""
    block = array_of(vocabulary.items, content).tobytes()
    ends = array_of(vocabulary.ends, content).tolist()
    starts = [0, *ends[:-1]]
    if block.isascii():  # then the positions of characters are those of bytes
        text = block.decode("ascii")
        return [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [block[start:end].decode() for start, end in zip(starts, ends, strict=True)]


class _Level:
    """The n-grams of one length."""

    def __init__(self, level: NgramLevel, items: int, content: bytes | mmap.mmap) -> None:
        self.length = level.length
        self._base = items + 1
        self._keys = array_of(level.keys, content)
        self._features = array_of(level.features, content)
        self.highest = int(self._features.max(initial=0))
        self._table: Any = None
        if level.length == 1:
            self._table = np.full(items + 1, -1, np.int64)
            self._table[self._keys[:-1]] = self._features[:-1]

    def keys_of(self, codes: Integers) -> Integers:
        """The keys of all runs of ``length`` codes."""
        width = max(0, len(codes) - self.length + 1)
        keys = codes[:width]
        for at in range(1, self.length):
            keys = keys * self._base + codes[at : at + width]
        return keys

    def features_of(self, keys: Integers) -> Integers:
        """The feature of each key, -1 for those that have none."""
        if self._table is not None:
            features: Integers = self._table.take(keys)
            return features
        order = keys.argsort() if len(keys) > MAX_UNSORTED else None
        ordered_keys = keys if order is None else keys[order]
        indices = self._keys.searchsorted(ordered_keys)
        features = np.where(
            self._keys.take(indices) == ordered_keys, self._features.take(indices), -1
        )
        if order is None:
            return features
        restored = np.empty_like(features)
        restored[order] = features
        return restored


class _Words:
    """Divides documents into words."""

    def __init__(self, text: Text, items: Sequence[str]) -> None:
        self.parts: Callable[[str], Sequence[str] | None] = tokenizer(text.analysis)
        self._unknown, self._stop = len(items), len(items) + 1
        codes: dict[str | None, int] = {item: code for code, item in enumerate(items)}
        codes.update(dict.fromkeys(text.analysis.stop_words, self._stop))
        self._code_of = codes.get
        self._stops = bool(text.analysis.stop_words)

    def items(self, documents: Sequence[Sequence[str]]) -> _Items:
        """The codes of the words of documents, each one piece, without stop words."""
        words: list[str | None] = []
        for own in documents:
            words += own
            words.append(None)
        sizes = np.fromiter(map(len, documents), np.int64, len(documents))
        coded = map(self._code_of, words, repeat(self._unknown))
        codes = np.fromiter(coded, np.int64, len(words))
        rows = np.repeat(np.arange(len(documents)), sizes + 1)
        if self._stops:
            not_stop = codes != self._stop
            codes, rows = codes[not_stop], rows[not_stop]
        return _Items(codes, rows, sizes)

    def items_of_one(self, words: Sequence[str]) -> _Items:
        """The codes of the words of one document, without stop words."""
        coded = map(self._code_of, words, repeat(self._unknown))
        codes = np.fromiter(coded, np.int64, len(words))
        if self._stops:
            codes = codes[codes != self._stop]
        return _Items(codes, _NOTHING, _NOTHING)

    def windows(self, items: _Items, level: _Level) -> tuple[Any, Integers]:
        """The place of each n-gram of one length, and its key."""
        keys = level.keys_of(items.codes)
        return slice(len(keys)), keys


class _Characters:
    """Divides documents into characters."""

    def __init__(self, text: Text, items: Sequence[str]) -> None:
        alphabet = np.array([ord(item) for item in items], np.int64)
        self._table = np.full(int(alphabet.max(initial=0)) + 2, len(items), np.int64)
        self._table[alphabet] = np.arange(len(alphabet))
        self._separator = chr(len(self._table) - 1)
        self._shortest, _ = text.analysis.ngrams
        self._inside_words = text.analysis.analyzer == "char_wb"

    def parts(self, document: str) -> Sequence[str]:
        """The pieces of a document whose n-grams are counted."""
        return padded_words(document) if self._inside_words else [characters(document)]

    def items(self, documents: Sequence[Sequence[str]]) -> _Items:
        """The codes of the characters of documents."""
        pieces = [piece for own in documents for piece in own]
        block = self._separator.join([*pieces, ""])
        points = np.frombuffer(block.encode("utf-32-le", "surrogatepass"), "<u4")
        codes = self._table[np.minimum(points, len(self._table) - 1)]
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        owners = np.repeat(np.arange(len(documents)), [len(own) for own in documents])
        return _Items(codes, np.repeat(owners, sizes + 1), sizes)

    def items_of_one(self, pieces: Sequence[str]) -> _Items:
        """The codes of the characters of one document."""
        return self.items([pieces])

    def windows(self, items: _Items, level: _Level) -> tuple[Any, Integers]:
        """The place of each n-gram of one length, and its key.

        Words that are shorter than the shortest n-gram are counted whole.
        """
        keys = level.keys_of(items.codes)
        if level.length >= self._shortest:
            return slice(len(keys)), keys
        starts = np.cumsum(items.sizes + 1) - items.sizes - 1
        indices = starts[items.sizes == level.length]
        return indices, keys[indices]


_Splitter = _Words | _Characters


def _splitter(text: Text, items: Sequence[str]) -> _Splitter:
    return (_Words if text.analysis.analyzer == "word" else _Characters)(text, items)


def _counted(values: Integers) -> tuple[Integers, Integers]:
    """The distinct values from 0 on in increasing order, and how often each occurs."""
    values = np.sort(values)
    values = values[values.searchsorted(0) :]
    size = len(values)
    if not size:
        return _NOTHING, _NOTHING
    changes = np.flatnonzero(values[1:] != values[:-1])
    ends = np.empty(len(changes) + 1, np.int64)
    ends[:-1], ends[-1] = changes, size - 1
    counts = ends.copy()
    counts[1:] -= ends[:-1]
    counts[0] += 1
    return values[ends], counts
