"""Count the n-grams of documents by their hashes, as scikit-learn's ``HashingVectorizer`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from packager.model.compiled.ngrams import Counts
from packager.model.compiled.text_analysis import (
    characters,
    padded_words,
    preprocessor,
    tokenizer,
)
from packager.model.compiled.text_form import Hashing, Text, TextAnalysis

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_REMEMBERED = 50_000
"""N-grams whose hashes are kept, which takes some 10 MB; then all are forgotten."""
_MASK = 0xFFFFFFFF
_C1, _C2 = 0xCC9E2D51, 0x1B873593


def murmur3(data: bytes) -> int:
    """MurmurHash3 of 32 bits with seed 0 (x86), as a signed integer."""
    state, size = 0, len(data)
    whole = size & ~3
    for at in range(0, whole, 4):
        block = int.from_bytes(data[at : at + 4], "little") * _C1 & _MASK
        block = (block << 15 | block >> 17) * _C2 & _MASK
        state ^= block
        state = ((state << 13 | state >> 19) & _MASK) * 5 + 0xE6546B64 & _MASK
    if size > whole:
        block = int.from_bytes(data[whole:], "little") * _C1 & _MASK
        state ^= (block << 15 | block >> 17) * _C2 & _MASK
    state ^= size
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    return state - (1 << 32) if state & 0x80000000 else state


class HashedCounter:
    """Sums of the signs of a document's n-grams by feature, sums of 0 included."""

    def __init__(self, text: Text) -> None:
        assert text.hashed is not None
        self._prepare = preprocessor(text.analysis)
        self._longest = text.analysis.longest
        self._grams = _grams(text.analysis)
        self._hashing: Hashing = text.hashed
        self._known: dict[str, tuple[int, int]] = {}

    def counts(self, documents: Sequence[str]) -> tuple[Counts, Bools]:
        """The sums of each document, and the mask of documents in the domain.

        The others have no sums.
        """
        inside = np.ones(len(documents), bool)
        rows, features, sums = [], [], []
        for row, document in enumerate(documents):
            counted = self.counts_of_one(document)
            if counted is None:
                inside[row] = False
                continue
            rows.append(np.full(len(counted[0]), row, np.int64))
            features.append(counted[0])
            sums.append(counted[1])
        nothing = [np.empty(0, np.int64)]
        joined = (np.concatenate(part or nothing) for part in (rows, features, sums))
        return Counts(*joined), inside

    def counts_of_one(self, document: str) -> tuple[Integers, Integers] | None:
        """The features of one document and their sums; None outside the domain."""
        if self._longest is not None and len(document) > self._longest:
            return None
        grams = self._grams(self._prepare(document))
        if grams is None:
            return None
        hashed = np.array([self._hashed(gram) for gram in grams], np.int64).reshape(-1, 2)
        features, indices = np.unique(hashed[:, 0], return_inverse=True)
        sums = np.bincount(indices.reshape(-1), hashed[:, 1], len(features))
        return features, sums.astype(np.int64)

    def _hashed(self, gram: str) -> tuple[int, int]:
        """The feature of an n-gram, and what it counts as."""
        hashed = self._known.get(gram)
        if hashed is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known = {}
            number = murmur3(gram.encode())
            sign = -1 if self._hashing.signed and number < 0 else 1
            hashed = self._known[gram] = (_feature(number, self._hashing.features), sign)
        return hashed


def _feature(number: int, features: int) -> int:
    if number == -(1 << 31):  # has no absolute value of 32 bits
        return (2**31 - 1 - (features - 1)) % features
    return abs(number) % features


def _grams(analysis: TextAnalysis) -> Callable[[str], list[str] | None]:
    """A function from a preprocessed document to its n-grams; None outside the domain."""
    shortest, longest = analysis.ngrams
    if analysis.analyzer == "char":
        return lambda text: list(_runs(characters(text), shortest, longest))
    if analysis.analyzer == "char_wb":
        return lambda text: [
            gram for word in padded_words(text) for gram in _of_word(word, shortest, longest)
        ]
    words_of, stops = tokenizer(analysis), frozenset(analysis.stop_words)

    def grams(text: str) -> list[str] | None:
        words = words_of(text)
        if words is None:
            return None
        tokens = [word for word in words if word not in stops] if stops else words
        if longest == 1:
            return tokens
        sizes = _sizes(tokens, shortest, longest)
        return [" ".join(tokens[at : at + size]) for size, starts in sizes for at in starts]

    return grams


def _sizes(items: Sequence[str] | str, low: int, high: int) -> Iterator[tuple[int, range]]:
    """Each length of an n-gram, and where those of that length begin."""
    for size in range(low, min(high, len(items)) + 1):
        yield size, range(len(items) - size + 1)


def _runs(text: str, low: int, high: int) -> Iterator[str]:
    for size, starts in _sizes(text, low, high):
        for at in starts:
            yield text[at : at + size]


def _of_word(word: str, low: int, high: int) -> Iterator[str]:
    """The n-grams of a word; one that is shorter than the shortest is counted whole."""
    if len(word) <= low:
        yield word
        low = len(word) + 1
    yield from _runs(word, low, high)
