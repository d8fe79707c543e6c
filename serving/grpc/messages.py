"""The messages of the Open Inference Protocol, of gRPC's health check and of its reflection.

They are described here field by field, with the numbers of the protocols' own ``.proto`` files, and
live in a pool of their own: another package with the same messages can be imported beside them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PARAMETERS = "map parameters"
_TENSOR = "string name=1; string datatype=2; repeated int64 shape=3"
_FILLED = f"{_TENSOR}; {PARAMETERS}=4; InferTensorContents contents=5"
_NAMED = "string name=1; string version=2"
INFERENCE: dict[str, str] = {
    "InferParameter": "oneof bool bool_param=1; oneof int64 int64_param=2; "
    "oneof string string_param=3; oneof double double_param=4; oneof uint64 uint64_param=5",
    "InferTensorContents": "repeated bool bool_contents=1; repeated int32 int_contents=2; "
    "repeated int64 int64_contents=3; repeated uint32 uint_contents=4; "
    "repeated uint64 uint64_contents=5; repeated float fp32_contents=6; "
    "repeated double fp64_contents=7; repeated bytes bytes_contents=8",
    "ServerLiveRequest": "",
    "ServerLiveResponse": "bool live=1",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready=1",
    "RepositoryIndexRequest": "string repository_name=1; bool ready=2",
    "RepositoryIndexResponse.ModelIndex": f"{_NAMED}; string state=3; string reason=4",
    "RepositoryIndexResponse": "repeated RepositoryIndexResponse.ModelIndex models=1",
    "ModelReadyRequest": _NAMED,
    "ModelReadyResponse": "bool ready=1",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": f"{_NAMED}; repeated string extensions=3",
    "ModelMetadataRequest": _NAMED,
    "ModelMetadataResponse.TensorMetadata": f"{_TENSOR}; {PARAMETERS}=4",
    "ModelMetadataResponse": "string name=1; repeated string versions=2; string platform=3; "
    "repeated ModelMetadataResponse.TensorMetadata inputs=4; "
    "repeated ModelMetadataResponse.TensorMetadata outputs=5",
    "ModelInferRequest.InferInputTensor": _FILLED,
    "ModelInferRequest.InferRequestedOutputTensor": f"string name=1; {PARAMETERS}=2",
    "ModelInferRequest": "string model_name=1; string model_version=2; string id=3; "
    f"{PARAMETERS}=4; repeated ModelInferRequest.InferInputTensor inputs=5; "
    "repeated ModelInferRequest.InferRequestedOutputTensor outputs=6; "
    "repeated bytes raw_input_contents=7",
    "ModelInferResponse.InferOutputTensor": _FILLED,
    "ModelInferResponse": "string model_name=1; string model_version=2; string id=3; "
    f"{PARAMETERS}=4; repeated ModelInferResponse.InferOutputTensor outputs=5; "
    "repeated bytes raw_output_contents=6",
}
"""Message → its fields; ``map`` is one of text to ``InferParameter``, ``oneof`` a choice."""
HEALTH: dict[str, str] = {
    "HealthCheckRequest": "string service=1",
    "HealthCheckResponse": "enum ServingStatus status=1",
}
STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
"""Values of ``HealthCheckResponse.status``."""
REFLECTION: dict[str, str] = {
    "ServerReflectionRequest": "string host=1; oneof string file_by_filename=3; "
    "oneof string file_containing_symbol=4; oneof ExtensionRequest file_containing_extension=5; "
    "oneof string all_extension_numbers_of_type=6; oneof string list_services=7",
    "ExtensionRequest": "string containing_type=1; int32 extension_number=2",
    "ServerReflectionResponse": "string valid_host=1; ServerReflectionRequest original_request=2; "
    "oneof FileDescriptorResponse file_descriptor_response=4; "
    "oneof ExtensionNumberResponse all_extension_numbers_response=5; "
    "oneof ListServiceResponse list_services_response=6; oneof ErrorResponse error_response=7",
    "FileDescriptorResponse": "repeated bytes file_descriptor_proto=1",
    "ExtensionNumberResponse": "string base_type_name=1; repeated int32 extension_number=2",
    "ListServiceResponse": "repeated ServiceResponse service=1",
    "ServiceResponse": "string name=1",
    "ErrorResponse": "int32 error_code=1; string error_message=2",
}
_CHOICES = {
    "ServerReflectionRequest": "message_request",
    "ServerReflectionResponse": "message_response",
}
"""Message → the name of its choice, ``parameter_choice`` of any other."""


def described(package: str, messages: dict[str, str]) -> FileDescriptorProto:
    """The file with ``messages``; an inner message follows no other than its outer one's name."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    descriptors: dict[str, DescriptorProto] = {}
    for path in sorted(messages, key=lambda name: name.count(".")):
        outer, _, name = path.rpartition(".")
        home = descriptors[outer].nested_type if outer else file.message_type
        descriptors[path] = home.add(name=name)
        for line in filter(None, messages[path].split("; ")):
            _add_field(descriptors[path], f".{package}", f".{package}.{path}", line)
    return file


def _add_field(message: DescriptorProto, package: str, path: str, line: str) -> None:
    head, _, number = line.rpartition("=")
    *words, name = head.split()
    one = message.field.add(name=name, number=int(number))
    several = words[0] in ("repeated", "map")
    one.label = (
        FieldDescriptorProto.LABEL_REPEATED if several else FieldDescriptorProto.LABEL_OPTIONAL
    )
    if words[0] == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name=_CHOICES.get(message.name, "parameter_choice"))
        one.oneof_index = 0
    if words[0] == "map":
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add_field(entry, package, path, "string key=1")
        _add_field(entry, package, path, "InferParameter value=2")
        one.type, one.type_name = FieldDescriptorProto.TYPE_MESSAGE, f"{path}.{entry.name}"
        return
    kind = words[-1]
    if words[0] == "enum":
        values = message.enum_type.add(name=kind)
        for index, value in enumerate(STATUSES):
            values.value.add(name=value, number=index)
        one.type, one.type_name = FieldDescriptorProto.TYPE_ENUM, f"{path}.{kind}"
    elif kind[0].isupper():
        one.type, one.type_name = FieldDescriptorProto.TYPE_MESSAGE, f"{package}.{kind}"
    else:
        one.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")


_POOL = DescriptorPool()


def _classes(package: str, messages: dict[str, str]) -> dict[str, Any]:
    _POOL.Add(described(package, messages))
    return {
        name: GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{name}")) for name in messages
    }


MESSAGES: dict[str, Any] = {
    **_classes("inference", INFERENCE),
    **_classes("grpc.health.v1", HEALTH),
    **_classes("grpc.reflection.v1", REFLECTION),
}
"""Message → its class."""
