"""Names in ``[test]`` that the package doesn't have."""

from __future__ import annotations

from typing import Any

import pytest
from judged_samples import answered, masks

from packager.errors import UsageError
from packager.manifest.policy import Policy
from packager.worker.test.judged_rows import baseline_of
from packager.worker.test.policy_names import check_policy


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            {"quality": {"acuracy": 0.02}},
            "[test.quality]: expected a metric of the held-out rows, got 'acuracy'",
        ),
        (
            {"quality": {"floor": {"mae": 1.0}}},
            "[test.quality] floor: expected a metric of the held-out rows, got 'mae'",
        ),
        (
            {"slices": {"city=z": {"accuracy": 0.1}}},
            "[test.slices]: expected a slice with held-out rows, got 'city=z'",
        ),
        (
            {"slices": {"city=a": {"recall": 0.1}}},
            "[test.slices.'city=a']: expected a metric of the held-out rows, got 'recall'",
        ),
    ],
)
def test_a_name_that_would_never_be_judged_is_refused(policy: dict[str, Any], message: str) -> None:
    frame, judged = answered(200, 0)
    with pytest.raises(UsageError) as raised:
        check_policy(Policy.model_validate(policy), baseline_of(judged, masks(frame)))
    assert raised.value.message == message
    assert raised.value.hint is not None
    assert "there are " in raised.value.hint
    if "acuracy" in message:
        assert raised.value.hint.startswith("did you mean 'accuracy'? there are ")


def test_known_names_pass() -> None:
    frame, judged = answered(200, 0)
    policy = {
        "quality": {"recall yes": 0.1, "roc_auc": "5%", "floor": {"accuracy": 0.5}},
        "slices": {"city=a": {"log_loss": 0.1}},
    }
    check_policy(Policy.model_validate(policy), baseline_of(judged, masks(frame)))
