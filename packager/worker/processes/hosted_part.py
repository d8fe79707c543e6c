"""A transformer or estimator within a model that the model host has loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelhost.columns import decode_columns
from modelhost.predictions import Predictions, checked_labels, checked_probabilities
from modelhost.wire import Message
from packager.manifest.base import Task
from packager.model.compiled.form import Path_

Ask = Callable[[Message], Message]
"""Sends a request to the model host and returns its answer; raises ``PackageError``."""


@dataclass(frozen=True)
class HostedPart:
    """The part at ``path`` of the host's model ``number``, with the interface of ``FittedPart``."""

    ask: Ask
    number: int
    path: Path_

    def transform(self, matrix: Any, *, sparse: bool) -> Any:
        """The outputs as float64, shape (rows, outputs)."""
        answer = self._call(matrix, None, None, sparse=sparse)
        rows, width = answer.header["shape"]
        described = [answer.header["outputs"]]
        (flat,) = decode_columns(described, answer.buffers, rows * width)
        return np.array(flat, np.float64).reshape(rows, width)

    def answers(self, matrix: Any, task: Task, classes: int | None, *, sparse: bool) -> Predictions:
        """The predictions for the rows of ``matrix``, with ``classes`` probabilities each."""
        answer = self._call(matrix, task, classes, sparse=sparse)
        rows, buffers = len(matrix), list(answer.buffers)
        chances = None
        if classes is not None:
            described = [answer.header["probabilities"]]
            (flat,) = decode_columns(described, [buffers.pop()], rows * classes)
            made = np.array(flat, np.float64).reshape(rows, classes)
            chances = checked_probabilities(made, rows, classes)
        (labels,) = decode_columns([answer.header["labels"]], buffers, rows)
        return Predictions(checked_labels(labels, rows, task), chances)

    def _call(
        self, matrix: Any, task: Task | None, classes: int | None, *, sparse: bool
    ) -> Message:
        made = np.ascontiguousarray(matrix, "<f8")
        header = {
            "verb": "call",
            "model": self.number,
            "path": list(self.path),
            "shape": list(made.shape),
            "sparse": sparse,
            "task": task,
            "classes": classes,
        }
        return self.ask(Message(header, [made.tobytes()]))
