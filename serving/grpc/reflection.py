"""gRPC's reflection: which services the port has, and the files that describe them.

As doc/server-reflection.md of gRPC says. No message has extensions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

from serving.grpc import methods
from serving.grpc.messages import HEALTH, INFERENCE, MESSAGES, REFLECTION, described

NOT_FOUND = 5
_HEALTH = ("HealthCheckRequest", "HealthCheckResponse")
_REFLECTION = ("ServerReflectionRequest", "ServerReflectionResponse")


@cache
def files() -> Mapping[str, FileDescriptorProto]:
    """Name → each file."""
    inference = described("inference", INFERENCE)
    paths = sorted(path for path in methods.METHODS if path.startswith(f"/{methods.INFERENCE}/"))
    names = [path.rpartition("/")[2] for path in paths]
    _add_service(
        inference,
        "GRPCInferenceService",
        {name: (f"{name}Request", f"{name}Response") for name in names},
    )
    health = described("grpc.health.v1", HEALTH)
    _add_service(health, "Health", {"Check": _HEALTH, "Watch": _HEALTH}, several=("Watch",))
    descriptors = [inference, health]
    for package in methods.REFLECTION:
        descriptors.append(described(package, REFLECTION))
        info = "ServerReflectionInfo"
        _add_service(descriptors[-1], "ServerReflection", {info: _REFLECTION}, several=(info,))
        descriptors[-1].service[0].method[0].client_streaming = True
    return {one.name: one for one in descriptors}


def reflected(request: Any) -> Any:
    """The ``ServerReflectionResponse`` to a ``ServerReflectionRequest``."""
    answer = MESSAGES["ServerReflectionResponse"](valid_host=request.host, original_request=request)
    field = request.WhichOneof("message_request")
    value = "" if field is None else getattr(request, field)
    file = None
    if field == "list_services":
        listed = answer.list_services_response
        for one in files().values():
            for service in one.service:
                listed.service.add(name=f"{one.package}.{service.name}")
        return answer
    if field == "all_extension_numbers_of_type" and value in _symbols():
        answer.all_extension_numbers_response.base_type_name = value
        return answer
    if field == "file_by_filename":
        file = files().get(value)
    elif field == "file_containing_symbol":
        file = files().get(_symbols().get(value, ""))
    if file is None:
        answer.error_response.error_code = NOT_FOUND
        answer.error_response.error_message = f"the server has no such {field or 'request'}"
    else:
        answer.file_descriptor_response.file_descriptor_proto.append(file.SerializeToString())
    return answer


def _add_service(
    file: FileDescriptorProto,
    name: str,
    calls: Mapping[str, tuple[str, str]],
    several: Iterable[str] = (),
) -> None:
    """``several``: the methods that answer with several messages."""
    service = file.service.add(name=name)
    for call, (request, response) in calls.items():
        service.method.add(
            name=call,
            input_type=f".{file.package}.{request}",
            output_type=f".{file.package}.{response}",
            server_streaming=call in several,
        )


@cache
def _symbols() -> Mapping[str, str]:
    """Full name of a service, method, message or enumeration → its file."""
    symbols: dict[str, str] = {}
    for file in files().values():
        for service in file.service:
            full = f"{file.package}.{service.name}"
            symbols[full] = file.name
            symbols |= {f"{full}.{one.name}": file.name for one in service.method}
        symbols |= dict.fromkeys(_named(file.message_type, file.package), file.name)
    return symbols


def _named(messages: Iterable[DescriptorProto], outer: str) -> Iterator[str]:
    for message in messages:
        full = f"{outer}.{message.name}"
        yield full
        yield from (f"{full}.{kind.name}" for kind in message.enum_type)
        yield from _named(message.nested_type, full)
