"""Packages with a gRPC port, and a client that speaks its messages with grpcio."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from serving_helpers import Package

from serving.grpc import methods
from serving.grpc.messages import MESSAGES
from serving.grpc.tensors import FIELDS

ROW = {"carat": ("FP64", 0.5), "color": ("BYTES", b"E"), "tables": ("INT64", 55)}


def with_grpc(package: Package, root: Path) -> Package:
    """A copy of ``package`` in ``root``, with ``[serve] grpc``."""
    shutil.copytree(package.root, root, dirs_exist_ok=True)
    serve = package.manifest.serve.model_copy(update={"grpc": True})
    manifest = package.manifest.model_copy(update={"serve": serve})
    return Package(root, manifest, package.frame, package.model, package.environment)


def request(name: str, rows: int = 1, **columns: tuple[str, list[Any]]) -> Any:
    """A ``ModelInferRequest`` with typed contents."""
    made = MESSAGES["ModelInferRequest"](model_name=name)
    for column, (datatype, values) in columns.items():
        tensor = made.inputs.add(name=column, datatype=datatype, shape=[rows])
        getattr(tensor.contents, FIELDS[datatype]).extend(values)
    return made


def row_request(name: str, **changed: Any) -> Any:
    """A request of one row of diamonds."""
    columns = {
        column: (kind, [changed.get(column, value)]) for column, (kind, value) in ROW.items()
    }
    return request(name, **columns)


@dataclass(frozen=True)
class GrpcClient:
    """Calls methods of the port."""

    channel: grpc.Channel

    def call(self, path: str, message: Any, **options: Any) -> Any:
        """The answer; raises ``grpc.RpcError``."""
        answer = path.rpartition("/")[2]
        kind = "HealthCheckResponse" if path == methods.CHECK else f"{answer}Response"
        method = self.channel.unary_unary(
            path,
            request_serializer=lambda one: (
                one if isinstance(one, bytes) else one.SerializeToString()
            ),
            response_deserializer=MESSAGES[kind].FromString,
        )
        return method(message, timeout=options.pop("timeout", 20), **options)

    def infer(self, message: Any, **options: Any) -> Any:
        """The answer of ``ModelInfer``."""
        return self.call(methods.INFER, message, **options)

    def refusal(self, message: Any, path: str = methods.INFER, **options: Any) -> tuple[str, str]:
        """Status and message of a call that fails."""
        try:
            answer = self.call(path, message, **options)
        except grpc.RpcError as error:
            return error.code().name, error.details()
        raise AssertionError(f"answered: {answer}")


@contextmanager
def connected(port: int, *options: tuple[str, Any]) -> Iterator[GrpcClient]:
    """A client of the port on this machine, with a connection of its own."""
    alone = ("grpc.use_local_subchannel_pool", 1)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[alone, *options]) as channel:
        yield GrpcClient(channel)


def values(answer: Any, name: str) -> list[Any]:
    """The typed elements of an output."""
    [tensor] = [one for one in answer.outputs if one.name == name]
    found = [*getattr(tensor.contents, FIELDS[tensor.datatype])]
    assert len(found) == int(np.prod([*tensor.shape]))
    return found
