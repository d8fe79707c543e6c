"""The protocol of ``/predict``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import repeat
from typing import Any

import numpy as np
import orjson

from monitoring.metrics.class_labels import class_text
from packager.manifest.base import Scalar
from serving.http import messages
from serving.http.limits import Budget
from serving.http.messages import encode_small
from serving.protocols.answer_text import AnswerText
from serving.protocols.protocol import ScoredRows

JSON: Mapping[str, str] = {}
MAX_ROWS_AT_ONCE = 2_000
"""Answers encoded in one call, before other threads can run."""


class PredictProtocol:
    """``/predict``: parses ``{"rows": […]}``, answers ``{"version", "predictions"}``."""

    route = "/predict"

    def __init__(self, version: str, budget: Budget = Budget()) -> None:
        self._version = version
        self._budget = budget
        self._classes: tuple[Scalar, ...] | None = None
        self._texts: list[str] = []
        self._text: AnswerText | None = AnswerText(())

    def rows(
        self, body: bytes, _headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], None]:
        """The rows, parsed by ``json``; raises ``RequestError``."""
        return messages.parse_rows(body, self._budget), None

    def body(self, _context: None, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:
        """One object per row: prediction, probabilities and token if there are any, flags."""
        rows = scored.checked.rows
        if rows == 1:
            return encode_small({"version": self._version, "predictions": self._one(scored)}), JSON
        parts = [
            self._part(scored, slice(start, start + MAX_ROWS_AT_ONCE))
            for start in range(0, rows, MAX_ROWS_AT_ONCE)
        ]
        head = encode_small({"version": self._version, "predictions": []}).removesuffix(b"]}")
        return b"".join([head, b",".join(parts), b"]}"]), JSON

    def _part(self, scored: ScoredRows, some: slice) -> bytes:
        """The answers of some rows, separated by commas."""
        chances = None if scored.classes is None else scored.probabilities
        if chances is not None and scored.classes is not None:
            self._names(scored.classes)
        if self._text is not None and scored.more is None:
            with suppress(orjson.JSONEncodeError):
                text = self._text.rows(
                    scored.labels[some],
                    None if chances is None else chances[some],
                    scored.checked.flags[some],
                    None if scored.tokens is None else scored.tokens[some],
                )
                if text is not None:
                    return text.encode()
        return encode_small(self._many(scored, some))[1:-1]

    def _one(self, scored: ScoredRows) -> list[dict[str, Any]]:
        answer: dict[str, Any] = {"prediction": scored.labels[0]}
        if scored.probabilities is not None and scored.classes is not None:
            names = self._names(scored.classes)
            answer["probabilities"] = dict(zip(names, scored.probabilities[0], strict=False))
        if scored.more is not None:
            answer |= scored.more[0]
        answer["flags"] = scored.checked.flags[0]
        if scored.tokens is not None:
            answer["token"] = scored.tokens[0]
        return [answer]

    def _many(self, scored: ScoredRows, some: slice) -> list[dict[str, Any]]:
        """One object per row; with ``map``, because a loop takes twice the time."""
        parts: list[Iterable[Any]] = [scored.labels[some]]
        keys = ["prediction"]
        if scored.probabilities is not None and scored.classes is not None:
            keys.append("probabilities")
            names, chances = self._names(scored.classes), scored.probabilities[some]
            chances = chances.tolist() if isinstance(chances, np.ndarray) else chances
            parts.append(map(dict, map(zip, repeat(names), chances)))
        keys.append("flags")
        parts.append(scored.checked.flags[some])
        if scored.tokens is not None:
            keys.append("token")
            parts.append(scored.tokens[some])
        objects = list(map(dict, map(zip, repeat(keys), zip(*parts, strict=True))))
        if scored.more is None:
            return objects
        return [one | more for one, more in zip(objects, scored.more[some], strict=True)]

    def _names(self, classes: tuple[Scalar, ...]) -> list[str]:
        """The classes as keys, cached because a model's classes don't change."""
        if classes is not self._classes:
            texts = [class_text(label) for label in classes]
            self._text = AnswerText(texts) if len({*texts}) == len(texts) else None
            self._classes, self._texts = classes, texts
        return self._texts
