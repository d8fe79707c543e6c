"""One version of a package with its labels and counters."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.scoring import Scorer, settle
from monitoring.feedback.sqlite_store import SqliteTokenStore
from monitoring.feedback.tokens import Tokens
from monitoring.metrics.feedback import FeedbackMetrics
from monitoring.metrics.registry import Series

KEYS = FeedbackKeys(1, {1: b"k" * 32})


NAMES = ("__all__", "color=D", "large")


NOW = 1_700_000_000


class Served:
    """One version of a package, its labels and its counters."""

    def __init__(self, folder: Any, classes: Any, root: str = "a" * 64) -> None:
        self.registry = CollectorRegistry()
        self.tokens = Tokens(KEYS, root, classes, now=lambda: NOW)
        self.scorer = Scorer(self.tokens, classes)
        self.metrics = FeedbackMetrics(Series("m", "1", self.registry), NAMES, classes)
        self.seen = SqliteTokenStore(folder)

    def feed(self, *pairs: tuple[Any, Any]) -> tuple[int, list[tuple[int, str]]]:
        found = settle(self.scorer.verify(pairs), self.seen, self.metrics)
        assert found.accepted + found.skipped + len(found.rejected) == len(pairs)
        return found.accepted, [(one.index, one.reason) for one in found.rejected]

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)
