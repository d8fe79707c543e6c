"""Descriptions of outputs for the model's process."""

from __future__ import annotations

from modelhost.output_spec import OutputSpec


def test_a_specification_survives_json():
    spec = OutputSpec("y", "quantiles", None, (0.1, 0.9), None)
    assert OutputSpec.read(spec.as_json()) == spec
