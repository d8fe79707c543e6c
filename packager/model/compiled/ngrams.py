"""Count the n-grams of a document that have a feature."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

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
Counts = tuple[Integers, Integers]
"""Features in increasing order, and how often each occurs."""
_UNKNOWN, _STOP = -1, -2
_NOTHING = np.empty(0, np.int64)


def counter(text: Text, content: bytes | mmap.mmap) -> Callable[[str], Counts | None]:
    """A function from a document to the counts of its n-grams; None outside the domain."""
    analysis, vocabulary = text.analysis, text.vocabulary
    prepare, longest = preprocessor(analysis), analysis.longest
    items = items_of(vocabulary, content)
    levels = [_Level(level, len(items), content) for level in vocabulary.levels]
    if analysis.analyzer == "word":
        count = _of_words(text, items, levels)
    else:
        count = _of_characters(text, items, levels)

    def counts(document: str) -> Counts | None:
        if longest is not None and len(document) > longest:
            return None
        return count(prepare(document))

    return counts


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
        self.keys = array_of(level.keys, content)
        self.features = array_of(level.features, content)
        self._items = items

    def counts(self, keys: Integers) -> Counts:
        """Counts of the n-grams with these ``keys``, which may repeat; features in any order."""
        found, counts = _counted(keys)
        if not len(self.keys) or not len(found):
            return _NOTHING, _NOTHING
        places = self.keys.searchsorted(found)
        places[places == len(self.keys)] = 0
        known = self.keys[places] == found
        return self.features[places[known]].astype(np.int64), counts[known]

    def windows(self, codes: Integers) -> Integers:
        """The keys of all runs of ``length`` codes; negative where an item is unknown."""
        width = len(codes) - self.length + 1
        if width <= 0:
            return _NOTHING
        keys = codes[:width]
        unknown = keys < 0
        for at in range(1, self.length):
            following = codes[at : at + width]
            unknown = unknown | (following < 0)
            keys = keys * self._items + following
        return np.where(unknown, _UNKNOWN, keys) if unknown.any() else keys


def _of_words(
    text: Text, items: Sequence[str], levels: Sequence[_Level]
) -> Callable[[str], Counts | None]:
    split = tokenizer(text.analysis)
    stop_words = text.analysis.stop_words
    if [level.length for level in levels] == [1]:
        (level,) = levels
        features = [items[key] for key in level.keys.tolist()]
        found = dict(zip(features, level.features.tolist(), strict=True))
        known = found.get if not stop_words else _without(found, stop_words)

        def single(document: str) -> Counts | None:
            words = split(document)
            if words is None:
                return None
            own = np.fromiter(map(known, words, repeat(_UNKNOWN)), np.int64, len(words))
            return _counted(own)

        return single

    codes = {item: code for code, item in enumerate(items)}
    codes.update(dict.fromkeys(stop_words, _STOP))
    code_of = codes.get

    def several(document: str) -> Counts | None:
        words = split(document)
        if words is None:
            return None
        own = np.fromiter(map(code_of, words, repeat(_UNKNOWN)), np.int64, len(words))
        if stop_words:
            own = own[own != _STOP]
        return _joined([level.counts(level.windows(own)) for level in levels])

    return several


def _without(features: dict[str, int], stop_words: Sequence[str]) -> Any:
    for word in stop_words:
        features.pop(word, None)
    return features.get


def _of_characters(
    text: Text, items: Sequence[str], levels: Sequence[_Level]
) -> Callable[[str], Counts | None]:
    alphabet = np.array([ord(item) for item in items], np.int64)
    table = np.full(int(alphabet.max(initial=0)) + 2, _UNKNOWN, np.int64)
    table[alphabet] = np.arange(len(alphabet))
    last = len(table) - 1

    def codes_of(document: str) -> Integers:
        points = np.frombuffer(document.encode("utf-32-le", "surrogatepass"), "<u4")
        codes: Integers = table[np.minimum(points, last)]
        return codes

    shortest, _ = text.analysis.ngrams
    if text.analysis.analyzer == "char":
        return lambda document: _joined(_windows(levels, codes_of(characters(document))))

    def inside_words(document: str) -> Counts:
        words = padded_words(document)
        sizes = np.fromiter(map(len, words), np.int64, len(words))
        codes = codes_of("".join(words))
        # How many characters of its word follow each character, itself included.
        left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(codes))
        first = left == np.repeat(sizes, sizes)
        found = []
        for level in levels:
            keys = level.windows(codes)
            inside = left[: len(keys)]
            if level.length >= shortest:
                found.append(level.counts(keys[inside >= level.length]))
            else:  # a word shorter than the shortest n-gram is counted whole
                whole = (inside == level.length) & first[: len(keys)]
                found.append(level.counts(keys[whole]))
        return _joined(found)

    return inside_words


def _windows(levels: Sequence[_Level], codes: Integers) -> list[Counts]:
    return [level.counts(level.windows(codes)) for level in levels]


def _counted(values: Integers) -> Counts:
    """The distinct values from 0 on in increasing order, and how often each occurs."""
    values = np.sort(values)
    values = values[values.searchsorted(0) :]
    if not len(values):
        return _NOTHING, _NOTHING
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return values[starts], np.diff(np.append(starts, len(values)))


def _joined(parts: Sequence[Counts]) -> Counts:
    features = np.concatenate([features for features, _ in parts])
    counts = np.concatenate([counts for _, counts in parts])
    order = features.argsort(kind="stable")
    return features[order], counts[order]
