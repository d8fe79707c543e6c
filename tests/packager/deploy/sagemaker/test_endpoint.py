from __future__ import annotations

from dataclasses import replace

import pytest
from aws_shapes import wrong_request
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_samples import ENDPOINT, requests

from packager.deploy.sagemaker.endpoint import SagemakerEndpoint

pytestmark = pytest.mark.slow

VARIANTS = [
    ENDPOINT,
    replace(ENDPOINT, instances=1, network=True, variables={"MODEL_WORKERS": "2"}),
    replace(ENDPOINT, topic="arn:aws:sns:eu-west-1:123456789012:people"),
]


@pytest.mark.parametrize("endpoint", VARIANTS)
def test_every_request_is_one_of_its_operation(endpoint: SagemakerEndpoint) -> None:
    for (service, operation, name), request in requests(endpoint).items():
        assert wrong_request(service, operation, request) == [], name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Endpoint": "x"}, 'Unknown parameter in input: "Endpoint"'),
        ({"EndpointName": "a_b"}, "EndpointName: 'a_b' does not match"),
        ({"EndpointConfigName": "a" * 64}, "is out of bounds"),
    ],
)
def test_a_wrong_request_is_none(change: dict[str, str], told: str) -> None:
    (first, *_) = wrong_request("sagemaker", "CreateEndpoint", ENDPOINT.create_request() | change)
    assert told in first


def test_nothing_of_the_requests_of_clients_is_recorded() -> None:
    assert "DataCaptureConfig" not in ENDPOINT.config_request()
    kept = ENDPOINT.update_request()["ExcludeRetainedVariantProperties"]
    assert kept == [{"VariantPropertyType": "DataCaptureConfig"}]


def test_an_update_moves_one_instance_first_and_comes_back_at_an_alarm() -> None:
    config = ENDPOINT.update_request()["DeploymentConfig"]
    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "CANARY"
    # SageMaker accepts half of the instances at most.
    assert routing["CanarySize"] == {"Type": "INSTANCE_COUNT", "Value": 1}
    names = {one["AlarmName"] for one in config["AutoRollbackConfiguration"]["Alarms"]}
    assert names == {"shop-errors", "shop-latency"}
    alone = replace(ENDPOINT, instances=1).update_request()["DeploymentConfig"]
    routing = alone["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], "CanarySize" in routing) == ("ALL_AT_ONCE", False)


def test_what_cannot_be_changed_has_a_name_of_its_content() -> None:
    bigger = replace(ENDPOINT, instance_type="ml.m5.xlarge")
    assert bigger.model_name == ENDPOINT.model_name
    assert bigger.config_name != ENDPOINT.config_name
    newer = replace(ENDPOINT, version="2.0.0-abc")
    assert newer.model_name != ENDPOINT.model_name
    assert newer.config_name != ENDPOINT.config_name
    assert newer.name == ENDPOINT.name
    scaled = replace(ENDPOINT, most_instances=9)
    assert scaled.config_name == ENDPOINT.config_name


def test_the_container_opens_no_connections_unless_it_needs_the_network() -> None:
    assert ENDPOINT.model_request()["EnableNetworkIsolation"] is True
    assert replace(ENDPOINT, network=True).model_request()["EnableNetworkIsolation"] is False
    container = ENDPOINT.model_request()["PrimaryContainer"]
    assert container["Environment"] == {"MODEL_FEEDBACK": "off"}  # no label can arrive


@given(st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True))
def test_any_name_of_a_model_gives_names_of_sagemaker(name: str) -> None:
    made = replace(ENDPOINT, model=name)
    for one in (made.name, made.model_name, made.config_name):
        assert len(one) <= 63
        assert set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
