"""One version of a package with ``[outputs]``, with its labels and counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from monitoring.feedback.answer_scoring import AnswerScorer
from monitoring.feedback.answer_tokens import AnswerTokens
from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.scoring import settle
from monitoring.feedback.sqlite_store import SqliteTokenStore
from monitoring.metrics.output_feedback import OutputFeedbackMetrics
from monitoring.metrics.registry import Series
from monitoring.scoring.measures import OutputForm
from monitoring.scoring.outputs import LabelledOutput, with_parts

KEYS = FeedbackKeys(1, {1: b"k" * 32})
NAMES = ("__all__", "color=D", "large")
NOW = 1_700_000_000


def output(
    name: str,
    kind: str,
    classes: tuple[Any, ...] | None = None,
    levels: tuple[float, ...] | None = None,
    size: int | None = None,
    has_target: bool = True,
) -> LabelledOutput:
    return LabelledOutput(name, OutputForm(kind, classes, levels), size, has_target)


class ServedAnswers:
    """One version of a package, its labels and its counters."""

    def __init__(
        self, folder: Any, outputs: Sequence[LabelledOutput], root: str = "a" * 64
    ) -> None:
        self.outputs = with_parts(outputs)
        self.registry = CollectorRegistry()
        self.tokens = AnswerTokens(KEYS, root, now=lambda: NOW)
        self.scorer = AnswerScorer(self.tokens, self.outputs)
        self.metrics = OutputFeedbackMetrics(Series("m", "1", self.registry), NAMES, self.outputs)
        self.seen = SqliteTokenStore(folder)

    def token(self, answer: Any, bitmap: int = 1) -> str:
        (found,) = self.tokens.mint([answer], None, [bitmap])
        return found

    def feed(self, *items: tuple[Any, Any, Any]) -> tuple[int, list[tuple[int, str]]]:
        found = settle(self.scorer.verify(items), self.seen, self.metrics)
        assert found.accepted + found.skipped + len(found.rejected) == len(items)
        return found.accepted, [(one.index, one.reason) for one in found.rejected]

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)

    def measure(
        self, name: str, measure: str, place: str = "__all__"
    ) -> tuple[float | None, float | None]:
        """The sum of a measure, and the labels in it."""
        labels = {"output": name, "measure": measure, "slice": place}
        return (
            self.value("model_output_measure_total", **labels),
            self.value("model_output_measured_total", **labels),
        )
