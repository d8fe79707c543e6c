"""The part of a compiled form that describes texts: n-grams, their vocabulary, and stages."""

from __future__ import annotations

from typing import Literal

from packager.manifest.base import FrozenModel
from packager.model.compiled.stored_arrays import StoredArray


class TextAnalysis(FrozenModel):
    """Division of a document into n-grams, as scikit-learn's vectorizers do it."""

    analyzer: Literal["word", "char", "char_wb"]
    lowercase: bool
    accents: Literal["ascii", "unicode"] | None
    pattern: str | None
    """Regular expression of a token, for words."""
    stop_words: tuple[str, ...]
    ngrams: tuple[int, int]
    unicode: str
    """The version of Python and of its tables of Unicode, which decide what a letter is."""
    longest: int | None = None
    """Number of characters of a document in the domain; None: any."""


class NgramLevel(FrozenModel):
    """The n-grams of ``length`` items in the vocabulary.

    The key of an n-gram is the number whose digits are the numbers of its items, in base (number of
    items + 1): the highest digit is an unknown item.
    """

    length: int
    keys: StoredArray
    """int64, increasing; the last is larger than all keys."""
    features: StoredArray
    """int32: the feature of each key; the last is -1."""


class Vocabulary(FrozenModel):
    """The n-grams that have a feature; items (words or characters) are numbered in order."""

    items: StoredArray
    """uint8: all items in UTF-8, one after another."""
    ends: StoredArray
    """int64: where each item ends."""
    levels: tuple[NgramLevel, ...]


class Hashing(FrozenModel):
    """The feature of an n-gram is its MurmurHash3 modulo ``features``."""

    features: int
    signed: bool
    """Whether a negative hash counts as -1."""


class TextStage(FrozenModel):
    """Arithmetic on the features of one document, in the order of the features."""

    name: Literal["ones", "log", "multiply", "above", "l1", "l2", "max", "select"]
    """``log``: the logarithm plus 1; ``l1``, ``l2``, ``max``: divide by that norm."""
    values: StoredArray | None = None
    """``multiply``: a factor for each feature; ``select``: for each feature its new number, or
    -1."""
    threshold: float | None = None
    """``above``: larger numbers become 1, others 0."""


class Text(FrozenModel):
    """The n-grams of one column: features from ``start`` on in the matrix of the model."""

    column: int
    start: int
    analysis: TextAnalysis
    vocabulary: Vocabulary | None = None
    hashed: Hashing | None = None
    """In place of a vocabulary."""
    stages: tuple[TextStage, ...] = ()
