"""promtool accepts the rules, and their unit tests fail for wrong rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packager.deploy.prometheus.rules import (
    Objectives,
)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("latency_share", 1.0, "latency_share: expected a share between 0 and 1, got 1.0"),
        ("success_share", 0.0, "success_share: expected a share between 0 and 1, got 0.0"),
        ("design_effect", 0.5, "design_effect: expected a number of at least 1, got 0.5"),
        ("label_coverage", 1.0, "label_coverage: expected a share of at least 0, below 1"),
    ],
)
def test_objectives_that_mean_nothing_are_refused(field: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Objectives(), **{field: value})
