"""The gRPC port of a real server, spoken to by the clients that people use."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from grpc_servers import GrpcClient, connected, request, row_request, values, with_grpc
from serving_helpers import Package, Server, free_port
from tritonclient.utils import InferenceServerException

from serving.grpc import methods
from serving.grpc.messages import MESSAGES

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class GrpcServer:
    http: Server
    port: int
    package: Package


@pytest.fixture(scope="module")
def served(package: Package, tmp_path_factory: pytest.TempPathFactory, start_shared) -> GrpcServer:
    own = with_grpc(package, tmp_path_factory.mktemp("grpc"))
    port = free_port()
    return GrpcServer(start_shared(own, MODEL_GRPC_PORT=str(port)), port, own)


@pytest.fixture(scope="module")
def client(served: GrpcServer) -> GrpcClient:
    with connected(served.port) as found:
        yield found


def test_a_row_gets_the_answer_of_http(served: GrpcServer, client: GrpcClient) -> None:
    [over_http] = served.http.predict([{"carat": 0.5, "color": "E", "tables": 55}]).json[
        "predictions"
    ]
    answer = client.infer(row_request("diamonds"))
    assert (answer.model_name, answer.model_version) == ("diamonds", served.package.manifest.tag)
    assert values(answer, "prediction") == [over_http["prediction"].encode()]
    assert values(answer, "probabilities") == [*over_http["probabilities"].values()]
    assert values(answer, "flags") == [b""]
    assert len(values(answer, "token")[0]) == len(over_http["token"])


def test_triton_s_client(served: GrpcServer) -> None:
    with triton.InferenceServerClient(f"127.0.0.1:{served.port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("diamonds")
        assert client.get_model_metadata("diamonds").inputs[0].name == "carat"
        rows = 3
        carat = triton.InferInput("carat", [rows], "FP64")
        carat.set_data_from_numpy(np.array([0.3, 0.5, np.nan]))
        color = triton.InferInput("color", [rows, 1], "BYTES")
        color.set_data_from_numpy(np.array([["E"], ["D"], ["ü"]], object))
        tables = triton.InferInput("tables", [rows], "INT64")
        tables.set_data_from_numpy(np.array([55, 56, 57]))
        wanted = [triton.InferRequestedOutput(name) for name in ("flags", "prediction")]
        for compression in (None, "gzip"):
            answer = client.infer(
                "diamonds",
                [carat, color, tables],
                outputs=wanted,
                request_id="7",
                compression_algorithm=compression,
            )
            assert answer.as_numpy("prediction").shape == (rows,)
            assert answer.as_numpy("flags").tolist() == [b"", b"", b"carat:missing;color:unseen"]
            assert answer.get_response().id == "7"
            assert [one.name for one in answer.get_response().outputs] == ["flags", "prediction"]
        with pytest.raises(InferenceServerException, match="this server has diamonds"):
            client.infer("rubies", [carat])


def test_statuses_and_messages(served: GrpcServer, client: GrpcClient) -> None:
    wrong = row_request("diamonds", color=b"\xff")
    status, message = client.refusal(wrong)
    assert (status, message.split(":")[0]) == ("INVALID_ARGUMENT", 'row 0, column "color"')
    tag = served.package.manifest.tag
    old = row_request("diamonds")
    old.model_version = "7"
    assert client.refusal(old) == (
        "NOT_FOUND",
        f"there is no version '7' of diamonds; this server has {tag}",
    )
    assert client.refusal(b"\x07") == (
        "INVALID_ARGUMENT",
        "the body is no ModelInferRequest: its bytes can't be parsed",
    )
    unknown = served.http.request("POST", methods.INFER, b"")
    assert unknown.status == 404
    with connected(served.port) as other:
        call = other.channel.unary_unary("/a.B/C")
        with pytest.raises(Exception, match=r"there is no method /a\.B/C"):
            call(b"", timeout=10)


def test_health_and_metadata(served: GrpcServer, client: GrpcClient) -> None:
    health = MESSAGES["HealthCheckRequest"]
    assert client.call(methods.CHECK, health()).status == 1
    assert client.call(methods.CHECK, health(service=methods.INFERENCE)).status == 1
    assert client.refusal(health(service="x"), methods.CHECK)[0] == "NOT_FOUND"
    assert client.call(methods.LIVE, MESSAGES["ServerLiveRequest"]()).live
    assert client.call(methods.READY, MESSAGES["ServerReadyRequest"]()).ready
    server = client.call(methods.SERVER_METADATA, MESSAGES["ServerMetadataRequest"]())
    assert server.name == "model-packager"
    asked = MESSAGES["ModelMetadataRequest"](name="diamonds")
    found = client.call(methods.MODEL_METADATA, asked)
    over_http = served.http.get("/v2/models/diamonds").json
    assert [one.name for one in found.inputs] == [one["name"] for one in over_http["inputs"]]
    assert [[*one.shape] for one in found.outputs] == [one["shape"] for one in over_http["outputs"]]


def test_calls_and_rows_are_counted(served: GrpcServer, client: GrpcClient) -> None:
    before = served.http.metric("model_request_duration_seconds_count", route=methods.INFER)
    rows = served.http.metric("model_slice_predictions_total", slice="__all__")
    many = request(
        "diamonds",
        2,
        carat=("FP32", [0.5, 0.25]),
        color=("BYTES", [b"E", b"D"]),
        tables=("INT32", [55, 56]),
    )
    client.infer(many)
    client.refusal(row_request("rubies"))
    served.http.answered[0] = time.monotonic()
    after = served.http.metric("model_request_duration_seconds_count", route=methods.INFER)
    assert after - before == 2
    assert served.http.metric("model_slice_predictions_total", slice="__all__") - rows == 2


def test_a_client_of_http_1_is_told(served: GrpcServer) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    head, body = received.split(b"\r\n\r\n")
    assert body == b"this port speaks gRPC, that is HTTP/2 only\n"
    assert b"content-length: %d\r\n" % len(body) in head + b"\r\n"


def test_a_package_without_grpc_refuses_the_port(package: Package, tmp_path: Path) -> None:
    from serving_helpers import start

    server = start(package, tmp_path, MODEL_GRPC_PORT="3001")
    assert server.process.wait(30) == 2
    assert "MODEL_GRPC_PORT: expected a package with gRPC" in server.log.read_text()
