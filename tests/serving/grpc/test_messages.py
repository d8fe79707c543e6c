"""Our messages are those of Triton's client, field by field."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import FieldDescriptor
from tritonclient.grpc import service_pb2

from serving.grpc.messages import INFERENCE, MESSAGES


def described(descriptor) -> dict:
    return {
        field.name: (
            field.number,
            field.type,
            field.is_repeated,
            field.message_type.full_name.rpartition(".")[2] if field.message_type else None,
        )
        for field in descriptor.fields
    }


def of_triton(name: str):
    found = service_pb2
    for part in name.split("."):
        found = getattr(found, part)
    return found.DESCRIPTOR


@pytest.mark.parametrize("name", INFERENCE)
def test_fields_have_the_numbers_and_types_of_triton(name: str) -> None:
    ours, theirs = described(MESSAGES[name].DESCRIPTOR), described(of_triton(name))
    of_mlserver = {"parameters"} if name.endswith("TensorMetadata") else set()
    assert {field: theirs.get(field) for field in ours if field not in of_mlserver} == {
        field: found for field, found in ours.items() if field not in of_mlserver
    }


def test_health_has_the_bytes_of_grpc_s() -> None:
    answer = MESSAGES["HealthCheckResponse"](status=1)
    assert answer.SerializeToString() == b"\x08\x01"
    assert MESSAGES["HealthCheckRequest"].FromString(b"\n\x01x").service == "x"
    assert MESSAGES["InferParameter"].DESCRIPTOR.fields_by_name["double_param"].type == (
        FieldDescriptor.TYPE_DOUBLE
    )
