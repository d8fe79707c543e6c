"""Text vectorizers of scikit-learn: n-grams of one column, and the stages that follow.

A vectorizer counts n-grams; a stage is arithmetic on the counts of one document, such as TF-IDF.
Each feature of the matrix is one n-gram of one column after its stages.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from modelhost.columns import encode_array, encode_text
from modelhost.compiling.components import Projection
from modelhost.compiling.provenance import (
    CannotCompileError,
    ComponentFeature,
    Feature,
    LookupFeature,
    MatrixBlock,
    TextFeature,
    describe,
)
from modelhost.wire import Buffer

VECTORIZERS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
MAX_NGRAM = 10
MAX_TERMS = 2_000_000
"""Maximum number of n-grams of one vectorizer."""


class DocumentStage(NamedTuple):
    """Arithmetic on the features of one document."""

    name: str
    """``ones``, ``log`` (of the count, plus 1), ``multiply``, ``above``, ``l1``, ``l2``, ``max`` or
    ``select``."""
    values: Any = None
    """``multiply``: a factor for each feature; ``select``: the features that are kept."""
    threshold: float | None = None
    """``above``: larger numbers become 1, others 0."""


@dataclass(frozen=True)
class TextPart:
    """The n-grams of one column after ``stages``."""

    column: int
    analysis: Mapping[str, Any]
    """Division of a document, as ``TextAnalysis`` of a compiled form."""
    terms: Mapping[str, int]
    """N-gram → its feature before the stages; empty if n-grams are hashed."""
    width: int
    stages: tuple[DocumentStage, ...] = ()
    hashed: Mapping[str, Any] | None = None
    """Hashing of n-grams to features, as ``Hashing`` of a compiled form; None: by ``terms``."""


@dataclass
class TextParts:
    """The text parts that a walk has met, by number."""

    parts: list[TextPart] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def after(self, part: Any, block: MatrixBlock) -> tuple[Feature, ...] | None:
        """The cells after ``part``; None if ``block`` has no text that it changes."""
        name = type(part).__name__
        if name in VECTORIZERS:
            return self._vectorized(part, block)
        if any(isinstance(cell, ComponentFeature) for cell in block.cells):
            if callable(getattr(part, "get_support", None)):
                return None
            raise CannotCompileError(f"{describe(part)} is given the components of TruncatedSVD")
        if not any(isinstance(cell, TextFeature) for cell in block.cells):
            return None
        if name == "TruncatedSVD":
            return self._projected(part, block)
        if name in _STAGES:
            return self.staged(part, _STAGES[name](part), block)
        if callable(getattr(part, "get_support", None)):
            return None  # a selection needs no stage of its own
        raise CannotCompileError(f"{describe(part)} is given the features of a text vectorizer")

    def described(self, cells: Sequence[Feature]) -> tuple[list[dict[str, Any]], list[Buffer]]:
        """The texts that ``cells`` are made of, for a message, and the buffers of their arrays."""
        by_part: dict[int, tuple[list[int], list[int]]] = {}
        for position, cell in enumerate(cells):
            if isinstance(cell, TextFeature):
                features, positions = by_part.setdefault(cell.part, ([], []))
                features.append(cell.feature)
                positions.append(position)
        fields: list[dict[str, Any]] = []
        buffers: list[Buffer] = []
        for number, (features, positions) in by_part.items():
            if positions != list(range(positions[0], positions[0] + len(positions))):
                raise CannotCompileError("the features of a text vectorizer are not consecutive")
            part = self._selected(self.parts[number], features)
            fields.append({**_described(part, buffers), "start": positions[0]})
        return fields, buffers

    def _vectorized(self, part: Any, block: MatrixBlock) -> tuple[Feature, ...]:
        name = describe(part)
        if len(block.cells) != 1 or not isinstance(block.data, (list, type(None))):
            raise CannotCompileError(f"{name} is given a frame, not one column of text")
        (cell,) = block.cells
        if not isinstance(cell, LookupFeature):
            raise CannotCompileError(f"{name} is given something else than a column of text")
        text_part = _vectorizer(part, cell.column)
        return self._added(text_part, text_part.width)

    def staged(
        self, part: Any, stages: Sequence[DocumentStage], block: MatrixBlock
    ) -> tuple[Feature, ...]:
        """The cells after ``stages``, which ``part`` applies to the features of one text."""
        features = [cell.feature for cell in block.cells if isinstance(cell, TextFeature)]
        numbers = {cell.part for cell in block.cells if isinstance(cell, TextFeature)}
        if len(features) != len(block.cells) or len(numbers) != 1:
            raise CannotCompileError(
                f"{describe(part)} is given the features of a text vectorizer among others"
            )
        selected = self._selected(self.parts[numbers.pop()], features)
        text_part = replace(selected, stages=(*selected.stages, *stages))
        return self._added(text_part, len(features))

    def _projected(self, part: Any, block: MatrixBlock) -> tuple[Feature, ...]:
        factors = np.asarray(part.components_)
        if not all(isinstance(cell, TextFeature) for cell in block.cells):
            raise CannotCompileError(
                f"{describe(part)} is given the features of a text vectorizer among others"
            )
        if factors.dtype != np.float64:
            raise CannotCompileError(f"{describe(part)} has components of {factors.dtype}")
        self.projections.append(Projection(block.cells, factors))
        return tuple(map(ComponentFeature, repeat(len(self.projections) - 1), range(len(factors))))

    def _added(self, text_part: TextPart, width: int) -> tuple[Feature, ...]:
        self.parts.append(text_part)
        return tuple(map(TextFeature, repeat(len(self.parts) - 1), range(width)))

    def _selected(self, part: TextPart, features: Sequence[int]) -> TextPart:
        """``part`` with these of its features; unchanged if they are all of them."""
        width = _width(part)
        if len(features) == width and all(at == own for at, own in enumerate(features)):
            return part
        if any(one >= other for one, other in zip(features, features[1:])):
            raise CannotCompileError("the features of a text vectorizer are reordered")
        selection = DocumentStage("select", np.array(features, np.int64))
        return replace(part, stages=(*part.stages, selection))


def _width(part: TextPart) -> int:
    """The number of features after the stages."""
    selections = [len(stage.values) for stage in part.stages if stage.name == "select"]
    return selections[-1] if selections else part.width


def _vectorizer(part: Any, column: int) -> TextPart:
    analysis = _analysis(part)
    if type(part).__name__ == "HashingVectorizer":
        return _hashing(part, column, analysis)
    name = describe(part)
    terms = getattr(part, "vocabulary_", None)
    if not terms:
        raise CannotCompileError(f"{name} has no vocabulary")
    _check_width(name, len(terms))
    known = {term: int(index) for term, index in terms.items() if _is_text(term)}
    width = 1 + max(int(index) for index in terms.values())
    stages = [DocumentStage("ones")] if part.binary else []
    if type(part).__name__ == "TfidfVectorizer":
        stages += _tfidf(part._tfidf)
    return TextPart(column, analysis, known, width, tuple(stages))


def _hashing(part: Any, column: int, analysis: Mapping[str, Any]) -> TextPart:
    width = int(part.n_features)
    _check_width(describe(part), width)
    stages = [DocumentStage("ones")] if part.binary else []
    if part.norm is not None:
        stages.append(DocumentStage(part.norm))
    hashed = {"features": width, "signed": bool(part.alternate_sign)}
    return TextPart(column, analysis, {}, width, tuple(stages), hashed)


def _check_width(name: str, features: int) -> None:
    if features > MAX_TERMS:
        raise CannotCompileError(f"{name} has {features:,} n-grams, expected at most {MAX_TERMS:,}")


def _analysis(part: Any) -> dict[str, Any]:
    """Division of a document by the vectorizer; raises ``CannotCompileError``."""
    name = describe(part)
    for option in ("preprocessor", "tokenizer"):
        if getattr(part, option) is not None:
            raise CannotCompileError(f"{name} calls the {option} {_called(getattr(part, option))}")
    for option in ("analyzer", "strip_accents"):
        if callable(getattr(part, option)):
            raise CannotCompileError(f"{name} calls the {option} {_called(getattr(part, option))}")
    if part.input != "content":
        raise CannotCompileError(f"{name} reads files (input={part.input!r})")
    lowest, highest = (int(end) for end in part.ngram_range)
    if not 1 <= lowest <= highest <= MAX_NGRAM:
        raise CannotCompileError(
            f"{name} has ngram_range {(lowest, highest)}, expected at most {MAX_NGRAM}"
        )
    stop_words = part.get_stop_words() if part.analyzer == "word" else None
    return {
        "analyzer": part.analyzer,
        "lowercase": bool(part.lowercase),
        "accents": part.strip_accents or None,
        "pattern": part.token_pattern if part.analyzer == "word" else None,
        "stop_words": sorted(word for word in stop_words or () if _is_text(word)),
        "ngrams": [lowest, highest],
        "unicode": f"{sys.version_info[0]}.{sys.version_info[1]}, {unicodedata.unidata_version}",
    }


def _tfidf(part: Any) -> list[DocumentStage]:
    stages = [DocumentStage("log")] if part.sublinear_tf else []
    if part.use_idf:
        stages.append(DocumentStage("multiply", np.asarray(part.idf_, np.float64)))
    return stages + ([DocumentStage(part.norm)] if part.norm is not None else [])


def _scaled(part: Any) -> list[DocumentStage]:
    """Scalers of sparse matrices multiply by the reciprocals."""
    if getattr(part, "with_centering", False) or getattr(part, "with_mean", False):
        raise CannotCompileError(f"{describe(part)} centers the features of a text vectorizer")
    if getattr(part, "clip", False):
        raise CannotCompileError(f"{describe(part)} clips the features of a text vectorizer")
    if part.scale_ is None:
        return []
    return [DocumentStage("multiply", 1.0 / np.asarray(part.scale_, np.float64))]


_STAGES: Mapping[str, Callable[[Any], Sequence[DocumentStage]]] = {
    "TfidfTransformer": _tfidf,
    "Normalizer": lambda part: [DocumentStage(part.norm)],
    "MaxAbsScaler": _scaled,
    "StandardScaler": _scaled,
    "Binarizer": lambda part: [DocumentStage("above", threshold=float(part.threshold))],
}


def _described(part: TextPart, buffers: list[Buffer]) -> dict[str, Any]:
    """A part without its arrays, which are added to ``buffers`` in the order of their names."""
    ordered = sorted(part.terms.items(), key=lambda item: item[1])
    described, own_buffers = encode_text([term for term, _ in ordered])
    arrays = [{"name": "terms", "length": len(ordered), **described}]
    buffers.extend(own_buffers)
    fields = {"indices": np.array([index for _, index in ordered], np.int64)}
    for at, stage in enumerate(part.stages):
        if stage.values is not None:
            fields[f"stage {at}"] = stage.values
    for name, array in fields.items():
        described, own_buffers = encode_array(array)
        arrays.append({"name": name, "length": len(array), **described})
        buffers.extend(own_buffers)
    return {
        "column": part.column,
        "analysis": dict(part.analysis),
        "width": part.width,
        "hashed": part.hashed,
        "stages": [{"name": stage.name, "threshold": stage.threshold} for stage in part.stages],
        "arrays": arrays,
    }


def _called(function: Any) -> str:
    return str(getattr(function, "__qualname__", repr(function)))


def _is_text(term: Any) -> bool:
    """Whether a text of a request can contain ``term``: it has no surrogates."""
    try:
        return isinstance(term, str) and term.encode() is not None
    except UnicodeEncodeError:
        return False
