"""Texts of a described model as parts of a form, with their arrays written to its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from modelhost.compiling.provenance import CannotCompileError
from packager.model.compiled.stored_arrays import ArrayWriter
from packager.model.compiled.text_analysis import UNICODE
from packager.model.compiled.text_form import (
    Hashing,
    NgramLevel,
    Text,
    TextAnalysis,
    TextStage,
    Vocabulary,
)
from packager.worker.compile.token_patterns import longest_document

Arrays = Mapping[str, Any]

MAX_KEY = 2**63 - 1
MAX_ITEMS = 500_000
"""Each word takes some 200 bytes of a server's memory."""
MAX_NGRAMS = 1_000_000
"""Number of runs of characters of one document, which bounds the memory for it."""


def text_of(described: Mapping[str, Any], arrays: Arrays, writer: ArrayWriter) -> Text:
    """A text as the model's process describes it; raises ``CannotCompileError``.

    ``arrays``: ``terms`` and their ``indices``, and ``stage 0`` … of stages with numbers.
    """
    analysis = TextAnalysis.model_validate(described["analysis"])
    if analysis.unicode != UNICODE:
        raise CannotCompileError(
            f"the model runs on Python and Unicode {analysis.unicode}, the server on {UNICODE}:"
            " they may divide text differently"
        )
    if analysis.analyzer == "word":
        longest = longest_document(analysis.pattern or "")
    else:
        longest = MAX_NGRAMS // (analysis.ngrams[1] - analysis.ngrams[0] + 1)
    analysis = analysis.model_copy(update={"longest": longest})
    width = int(described["width"])
    hashed = described.get("hashed")
    vocabulary = None
    if hashed is None:
        vocabulary = _vocabulary(analysis, arrays["terms"], arrays["indices"], writer)
    return Text(
        column=described["column"],
        start=described["start"],
        analysis=analysis,
        vocabulary=vocabulary,
        hashed=None if hashed is None else Hashing.model_validate(hashed),
        stages=tuple(_stages(described["stages"], arrays, width, writer)),
    )


def _vocabulary(
    analysis: TextAnalysis, terms: Sequence[str], indices: Any, writer: ArrayWriter
) -> Vocabulary:
    by_length: dict[int, list[tuple[tuple[str, ...], int]]] = {}
    shortest, longest = analysis.ngrams
    if analysis.analyzer == "char_wb":
        shortest = 1  # of words that are shorter
    for term, index in zip(terms, np.asarray(indices).tolist(), strict=True):
        parts = tuple(term.split(" ") if analysis.analyzer == "word" else term)
        if shortest <= len(parts) <= longest:  # no document has other n-grams
            by_length.setdefault(len(parts), []).append((parts, index))
    items = sorted({item for grams in by_length.values() for parts, _ in grams for item in parts})
    if len(items) > MAX_ITEMS:
        raise CannotCompileError(
            f"a text vectorizer has {len(items):,} words, expected at most {MAX_ITEMS:,}"
        )
    codes = {item: code for code, item in enumerate(items)}
    levels = []
    for length, grams in sorted(by_length.items()):
        if (len(items) + 1) ** length > MAX_KEY:
            raise CannotCompileError(
                f"a text vectorizer has n-grams of {length} items from {len(items):,}"
            )
        keyed = sorted((_key(parts, codes), index) for parts, index in grams)
        level = NgramLevel(
            length=length,
            keys=writer.add(np.array([*(key for key, _ in keyed), MAX_KEY], np.int64)),
            features=writer.add(np.array([*(index for _, index in keyed), -1], np.int32)),
        )
        levels.append(level)
    encoded = [item.encode() for item in items]
    return Vocabulary(
        items=writer.add(np.frombuffer(b"".join(encoded), np.uint8)),
        ends=writer.add(np.cumsum([len(item) for item in encoded], dtype=np.int64)),
        levels=tuple(levels),
    )


def _key(parts: Sequence[str], codes: Mapping[str, int]) -> int:
    key = 0
    for part in parts:
        key = key * (len(codes) + 1) + codes[part]
    return key


def _stages(
    described: Sequence[Mapping[str, Any]], arrays: Arrays, width: int, writer: ArrayWriter
) -> Iterator[TextStage]:
    for at, stage in enumerate(described):
        values = arrays.get(f"stage {at}")
        if values is None:
            yield TextStage.model_validate(stage)
            continue
        stored = np.asarray(values)
        if stage["name"] == "select":
            selected, stored = stored, np.full(width, -1, np.int32)
            stored[selected] = np.arange(len(selected))
            width = len(selected)
        yield TextStage.model_validate({**stage, "values": writer.add(stored)})
