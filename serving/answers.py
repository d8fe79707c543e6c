"""What was predicted → the bytes of an answer to ``/predict``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import orjson

from monitoring.classes import class_text
from packager.noun import Scalar
from serving import schema
from serving.exchange import Scored

JSON: Mapping[str, str] = {}


class PredictForm:
    """The exchange of ``/predict``: ``{"rows": […]}`` to ``{"version", "predictions"}``."""

    route = "/predict"

    def __init__(self, version: str) -> None:
        self._version = version
        self._classes: tuple[Scalar, ...] | None = None
        self._texts: list[str] = []

    def rows(
        self, body: bytes, _headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], None]:
        """The rows as ``json`` reads them; raises ``RequestError``."""
        return schema.parse_rows(body), None

    def body(self, _context: None, scored: Scored) -> tuple[bytes, Mapping[str, str]]:
        """An object a row: prediction, probabilities and token where there are any, flags."""
        answers = self._one(scored) if scored.checked.rows == 1 else self._many(scored)
        return encode({"version": self._version, "predictions": answers}), JSON

    def _one(self, scored: Scored) -> list[dict[str, Any]]:
        answer: dict[str, Any] = {"prediction": scored.labels[0]}
        if scored.probabilities is not None and scored.classes is not None:
            names = self._names(scored.classes)
            answer["probabilities"] = dict(zip(names, scored.probabilities[0], strict=False))
        answer["flags"] = scored.checked.flags[0]
        if scored.tokens is not None:
            answer["token"] = scored.tokens[0]
        return [answer]

    def _many(self, scored: Scored) -> list[dict[str, Any]]:
        """By map, as a loop over rows takes twice the time."""
        parts: list[Iterable[Any]] = [scored.labels]
        keys = ["prediction"]
        if scored.probabilities is not None and scored.classes is not None:
            keys.append("probabilities")
            names = self._names(scored.classes)
            parts.append(map(dict, map(zip, repeat(names), scored.probabilities)))
        keys.append("flags")
        parts.append(scored.checked.flags)
        if scored.tokens is not None:
            keys.append("token")
            parts.append(scored.tokens)
        return list(map(dict, map(zip, repeat(keys), zip(*parts, strict=True))))

    def _names(self, classes: tuple[Scalar, ...]) -> list[str]:
        """The classes as keys; made once, as a model's classes stay the same."""
        if classes is not self._classes:
            self._classes, self._texts = classes, [class_text(label) for label in classes]
        return self._texts


def encode(document: Any) -> bytes:
    """JSON in UTF-8; floats are the shortest text that reads back equal, and null if not finite."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:  # a lone surrogate, or an integer beyond 64 bits
        return schema.encode(_finite(document))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
