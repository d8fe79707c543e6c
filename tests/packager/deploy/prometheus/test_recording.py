"""Recorded series of one model: its latency bounds, and no series of other models."""

from __future__ import annotations

import pytest
from rule_models import MODELS

from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rules import (
    Objectives,
)


def test_rules_of_two_models_write_no_series_of_each_other() -> None:
    """Every selector that makes a recorded series names the model."""
    for group in recording_groups(MODELS["classification"]):
        for rule in group.document()["rules"]:
            assert 'model="diamonds-cut"' in rule["expr"], rule["record"]


def test_latency_objectives_are_bounds_of_the_histogram() -> None:
    with pytest.raises(ValueError, match=r"latency_seconds: expected one of \(0.0005"):
        Objectives(latency_seconds=0.3)
