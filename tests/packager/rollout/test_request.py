import pytest

from packager.errors import UsageError
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.verdict import GateCheck, GateVerdict


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"canary": 1.0}, "--canary: expected a share of at least 0, below 1, got 1"),
        ({"canary": float("nan")}, "--canary: expected a share of at least 0, below 1, got nan"),
        ({"canary_minutes": 0}, "--canary-minutes: expected minutes above 0, at most 10080, got 0"),
        ({"latency_ratio": 0.5}, "--latency-ratio: expected a number of at least 1, got 0.5"),
        ({"latency_slack": -1}, "--latency-slack: expected seconds of at least 0, got -1"),
        ({"ready_seconds": 0}, "--ready-seconds: expected seconds above 0, got 0"),
        ({"gate_seconds": float("inf")}, "--gate-seconds: expected seconds above 0, got inf"),
    ],
)
def test_a_wrong_option_is_named(given, told):
    with pytest.raises(UsageError) as error:
        UpdateRequest("shop:2", **given)
    assert error.value.message == told


def test_a_request_is_read_from_its_document():
    asked = UpdateRequest("shop:2", data="new.csv", canary=0.1)
    assert UpdateRequest.of(asked.document) == asked


def test_a_result_has_all_checks():
    ready, canary = GateCheck("ready", "passed", ""), GateCheck("canary", "too few", "", {"p": 1})
    found = UpdateResult("shop", "1", "2", True, GateVerdict((ready,)), canary, 3.21)
    assert found.checks == (ready, canary)
    document = found.document
    assert document["canary"]["numbers"] == {"p": 1}
    assert document["seconds"] == 3.2
    assert UpdateResult("shop", "1", "2", False).document["gate"] is None
