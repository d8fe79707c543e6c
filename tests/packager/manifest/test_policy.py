"""``[test]``: what it accepts, and what it says about mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from packager.manifest.policy import FAMILIES, SHARES, Policy


def test_the_defaults_are_a_policy() -> None:
    policy = Policy.model_validate({})
    assert policy.false_alarm == 0.01
    assert policy.quality.changes == {}
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_the_shares_add_up_and_name_families() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert SHARES.keys() <= set(FAMILIES)


def test_a_whole_section() -> None:
    policy = Policy.model_validate(
        {
            "false_alarm": 0.05,
            "groups": ["customer"],
            "warn": ["drift"],
            "quality": {"accuracy": 0.02, "mae": "10%", "floor": {"accuracy": 0.75}},
            "slices": {"color=E": {"accuracy": 0.05}},
            "fairness": {"columns": ["sex"], "gap": {"accuracy": 0.03}, "positive": True},
        }
    )
    assert policy.quality.changes == {"accuracy": 0.02, "mae": "10%"}
    assert policy.quality.floor == {"accuracy": 0.75}
    assert policy.fairness.positive is True
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"groups": "customer"}, "[test]: expected a list, got 'customer': write ['customer']"),
        ({"false_alarm": 0}, "greater than 0"),
        ({"false_alarm": 0.5}, "less than or equal to 0.2"),
        ({"quality": {"accuracy": -0.1}}, "greater than or equal to 0"),
        ({"quality": {"accuracy": "ten percent"}}, "should match pattern"),
        ({"quality": {"floor": {"accuracy": "high"}}}, "valid number"),
        ({"warn": ["drifts"]}, "'schema', 'suspects', 'drift'"),
        ({"inconclusive": "maybe"}, "'pass' or 'fail'"),
        ({"rows": 0}, "greater than or equal to 1"),
        ({"fairness": {"gap": {"accuracy": 0.1}}}, "[test.fairness] gap: expected columns too"),
        ({"unknown": 1}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes_are_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Policy.model_validate(section)
    assert message in str(raised.value)
