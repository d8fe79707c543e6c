"""What reflection says is what the messages are."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor_pool import DescriptorPool

from serving.grpc import methods
from serving.grpc.messages import MESSAGES, STATUSES
from serving.grpc.reflection import files, reflected


def asked(**request: Any) -> Any:
    return reflected(MESSAGES["ServerReflectionRequest"](host="h", **request))


def test_every_method_of_the_port_is_described() -> None:
    pool = DescriptorPool()
    for one in files().values():
        pool.Add(one)
    for path in methods.METHODS:
        service, _, name = path[1:].partition("/")
        found = pool.FindServiceByName(service).methods_by_name[name]
        assert found.server_streaming == (path.encode() in methods.STREAMED)
    health = pool.FindMessageTypeByName("grpc.health.v1.HealthCheckResponse")
    assert tuple(health.fields_by_name["status"].enum_type.values_by_name) == STATUSES


@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("inference.ModelInferRequest.InferInputTensor", "inference.proto"),
        ("inference.GRPCInferenceService.ModelInfer", "inference.proto"),
        ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc.health.v1.proto"),
    ],
)
def test_a_symbol_leads_to_its_file(symbol: str, file: str) -> None:
    [content] = asked(file_containing_symbol=symbol).file_descriptor_response.file_descriptor_proto
    assert content == files()[file].SerializeToString()
    assert [content] == [
        *asked(file_by_filename=file).file_descriptor_response.file_descriptor_proto
    ]


@pytest.mark.parametrize(
    "request_",
    [
        {"file_by_filename": "x"},
        {"file_containing_symbol": "inference.X"},
        {"file_containing_extension": {"containing_type": "a.B", "extension_number": 1}},
        {"all_extension_numbers_of_type": "a.B"},
        {},
    ],
)
def test_what_does_not_exist_is_not_found(request_: dict[str, Any]) -> None:
    answer = asked(**request_)
    assert answer.error_response.error_code == 5
    assert answer.original_request.host == "h"


def test_no_message_has_extensions() -> None:
    found = asked(all_extension_numbers_of_type="inference.ModelInferRequest")
    numbers = found.all_extension_numbers_response
    assert (numbers.base_type_name, [*numbers.extension_number]) == (
        "inference.ModelInferRequest",
        [],
    )
