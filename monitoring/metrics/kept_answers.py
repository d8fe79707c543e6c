"""The metrics of answers that are kept until their labels come."""

from __future__ import annotations

from monitoring.metrics.registry import Series


class KeptAnswerMetrics:
    """Counts answers of ``[outputs]`` by whether they were kept."""

    def __init__(self, series: Series) -> None:
        """Create both series at 0."""
        counter = series.counter(
            "model_kept_answers_total", "Answers kept until their labels come.", "outcome"
        )
        self.kept = counter.labels(*series.common, "kept")
        self.lost = counter.labels(*series.common, "lost")
