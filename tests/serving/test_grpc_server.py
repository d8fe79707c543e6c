"""The gRPC port of a real server, spoken to by the clients that people use."""

from __future__ import annotations

import os
import queue
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_servers import GrpcClient, connected, request, row_request, values, with_grpc
from http2_client import HELLO
from serving_helpers import Package, Server, free_port, start
from tritonclient.utils import InferenceServerException

from packager.deploy.fleet import DeployedModel
from packager.deploy.proxy import GRPC_PORT, proxy_config
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


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
def test_calls_pass_the_proxy_of_a_deployment(served: GrpcServer, tmp_path: Path) -> None:
    """One to a port where nobody listens is sent to the other replica."""
    bound, nobody = free_port(), free_port()
    config = proxy_config(DeployedModel("shop", "1", "shop:1", 3000, 512, grpc=True))
    config = re.sub(r"\nfrontend (?!grpc)[^\n]*\n(?:  .*\n)+", "\n", config)
    config = re.sub(r"\nbackend (?!grpc)[^\n]*\n(?:  .*\n)+", "\n", config)
    config = re.sub(r"  (?:server-template green|stats socket) .*\n", "", config)
    config = config.replace(f"bind :{GRPC_PORT}", f"bind 127.0.0.1:{bound}")
    http, ready = served.http.port, "check inter 200ms proto h2 check-proto h1"
    server = f"  server s{{0}} 127.0.0.1:{{0}} weight 50 {ready} port {http}\n"
    servers = server.format(served.port) + server.format(nobody)
    config, replaced = re.subn(r"  server-template blue .*\n", servers, config)
    assert replaced == 1
    (tmp_path / "haproxy.cfg").write_text(config)
    command = ["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")]
    with subprocess.Popen(command) as proxy, connected(bound) as client:
        try:
            expected = values(infer(served.port), "prediction")
            for _ in range(20):
                message = row_request(served.package.manifest.name)
                assert values(client.infer(message, wait_for_ready=True), "prediction") == expected
            refused = client.refusal(row_request("other"))
            assert refused[0] == "NOT_FOUND"
        finally:
            proxy.terminate()


def infer(port: int) -> Any:
    with connected(port) as client:
        return client.infer(row_request("diamonds"))


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
            call(b"", timeout=60)


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
    [listed] = client.call(methods.INDEX, MESSAGES["RepositoryIndexRequest"](ready=True)).models
    assert [(listed.name, listed.version)] == [("diamonds", found.versions[0])]
    assert listed.state == "READY"
    over_http = served.http.get("/v2/models/diamonds").json
    assert [one.name for one in found.inputs] == [one["name"] for one in over_http["inputs"]]
    assert [[*one.shape] for one in found.outputs] == [one["shape"] for one in over_http["outputs"]]


def test_calls_and_rows_are_counted(served: GrpcServer, client: GrpcClient) -> None:
    served.http.answered[0] = time.monotonic()  # those of earlier tests are written late
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
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    head, body = received.split(b"\r\n\r\n")
    assert body == b"this port speaks gRPC, that is HTTP/2 only\n"
    assert b"content-length: %d\r\n" % len(body) in head + b"\r\n"


def test_a_package_without_grpc_refuses_the_port(package: Package, tmp_path: Path) -> None:
    server = start(package, tmp_path, MODEL_GRPC_PORT="3001")
    assert server.process.wait(60) == 2
    assert "MODEL_GRPC_PORT: expected a package with gRPC" in server.log.read_text()


def test_triton_s_raw_and_typed_are_equal(served: GrpcServer, client: GrpcClient) -> None:
    """``raw_input_contents`` are answered with raw contents, typed ones with typed ones."""
    typed = client.infer(row_request("diamonds"))
    raw = row_request("diamonds")
    contents = [np.array([0.5]).tobytes(), b"\1\0\0\0E", np.array([55]).tobytes()]
    raw.raw_input_contents.extend(contents)
    for tensor in raw.inputs:
        tensor.ClearField("contents")
    answer = client.infer(raw)
    assert not answer.outputs[0].HasField("contents")
    chances = np.frombuffer(answer.raw_output_contents[1])
    assert chances.tolist() == values(typed, "probabilities")


def test_many_rows_and_calls_at_once(served: GrpcServer) -> None:
    rows = 20_000
    many = request(
        "diamonds",
        rows,
        carat=("FP64", [0.5] * rows),
        color=("BYTES", [b"E"] * rows),
        tables=("INT64", [55] * rows),
    )
    with connected(served.port, ("grpc.max_receive_message_length", -1)) as client:
        with ThreadPoolExecutor(8) as threads:
            small = [threads.submit(client.infer, row_request("diamonds")) for _ in range(200)]
            large = [threads.submit(client.infer, many) for _ in range(3)]
        label = values(small[0].result(), "prediction")
        assert all(values(one.result(), "prediction") == label for one in small)
        assert all(values(one.result(), "prediction") == label * rows for one in large)


def test_a_message_beyond_the_limits_is_refused(start_server, served: GrpcServer) -> None:
    port = free_port()
    limits = {"MODEL_MAX_BODY_BYTES": "100000", "MODEL_MAX_VALUES": "2000"}
    start_server(served.package, MODEL_GRPC_PORT=str(port), **limits)
    with connected(port) as client:
        assert client.infer(row_request("diamonds", color=b"x" * 90_000)).outputs
        for size in (101_000, 3_000_000):
            status, message = client.refusal(row_request("diamonds", color=b"x" * size))
            assert status == "RESOURCE_EXHAUSTED"
            assert message.endswith("is too large: expected <= 100000 bytes")
        many = MESSAGES["ModelInferRequest"](model_name="diamonds")
        for _ in range(5_000):
            many.inputs.add()
        assert client.refusal(many)[0] == "RESOURCE_EXHAUSTED"
        assert values(client.infer(row_request("diamonds")), "flags") == [b""]


def test_keys_by_metadata(start_server, served: GrpcServer, tmp_path: Path) -> None:
    keys, port = tmp_path / "keys", free_port()
    keys.write_text("secret-key\n")
    start_server(served.package, MODEL_GRPC_PORT=str(port), MODEL_API_KEYS_FILE=str(keys))
    with connected(port) as client:
        one = row_request("diamonds")
        refused = ("UNAUTHENTICATED", "a key is needed: expected Authorization: Bearer <key>")
        assert client.refusal(one) == refused
        assert client.refusal(one, metadata=[("authorization", "Bearer no")]) == refused
        assert client.refusal(MESSAGES["ServerMetadataRequest"](), methods.SERVER_METADATA) == (
            refused
        )
        assert client.infer(one, metadata=[("authorization", "Bearer secret-key")]).outputs
        assert client.call(methods.CHECK, MESSAGES["HealthCheckRequest"]()).status == 1
        assert client.call(methods.READY, MESSAGES["ServerReadyRequest"]()).ready


def test_deadlines_and_cancellation_free_the_model(
    start_server, failing_package: Package, tmp_path: Path
) -> None:
    own, port = with_grpc(failing_package, tmp_path / "package"), free_port()
    limits = {"MODEL_DEADLINE_SECONDS": "20", "MODEL_MAX_QUEUE": "1"}
    start_server(own, MODEL_GRPC_PORT=str(port), **limits)

    def row(code: int):
        return request("diamonds", code=("INT64", [code]))

    with connected(port) as client:
        assert client.infer(row(0)).outputs
        assert client.refusal(row(1))[0] in ("INTERNAL", "INVALID_ARGUMENT")
        assert client.refusal(row(4), timeout=0.3)[0] == "DEADLINE_EXCEEDED"
        call = client.channel.unary_unary(methods.INFER).future(
            row(4).SerializeToString(), timeout=60
        )
        time.sleep(0.2)
        call.cancel()
        answered_in(client, row(0), 60)  # the model's call goes on; the place is free after it


def test_calls_in_progress_are_answered_at_the_end(
    start_server, failing_package: Package, tmp_path: Path
) -> None:
    own, port = with_grpc(failing_package, tmp_path / "package"), free_port()
    http = start_server(own, MODEL_GRPC_PORT=str(port), MODEL_DEADLINE_SECONDS="20")
    slow = request("diamonds", code=("INT64", [4]))
    with connected(port) as client:
        client.infer(request("diamonds", code=("INT64", [0])))
        call = client.channel.unary_unary(methods.INFER).future(slow.SerializeToString())
        http.is_at_slow_row()
        http.process.send_signal(signal.SIGTERM)
        assert call.result(timeout=60)
    assert http.process.wait(60) == 0


def test_a_worker_that_ends_is_replaced_and_clients_go_on(start_server, served: GrpcServer) -> None:
    port = free_port()
    http = start_server(served.package, MODEL_GRPC_PORT=str(port), MODEL_WORKERS="1")
    with connected(port) as client:
        client.infer(row_request("diamonds"))
        [worker] = [one for one in children(http.process.pid) if "worker" in comm(one)]
        os.kill(worker, signal.SIGKILL)
        answered_in(client, row_request("diamonds"), 60)


def answered_in(client: GrpcClient, message: Any, seconds: float) -> None:
    """Call until an answer comes; anything else than UNAVAILABLE fails."""
    until = time.monotonic() + seconds
    while True:
        try:
            assert client.infer(message).outputs
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text()


def test_noise_ends_connections_and_nothing_else(served: GrpcServer, client: GrpcClient) -> None:
    dice = random.Random(7)
    for number in range(60):
        noise = dice.randbytes(dice.randrange(1, 400))
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
            connection.sendall((HELLO if number % 2 else b"") + noise)
    assert values(client.infer(row_request("diamonds")), "flags") == [b""]
    assert not [one for one in served.http.lines() if one["level"] in ("error", "critical")]


def reflected(channel: grpc.Channel, path: str, **asked: Any) -> Any:
    """The answer to one request, which the call waits for before it ends."""
    call = channel.stream_stream(
        path,
        request_serializer=lambda one: one.SerializeToString(),
        response_deserializer=MESSAGES["ServerReflectionResponse"].FromString,
    )
    waiting: queue.Queue[Any] = queue.Queue()
    waiting.put(MESSAGES["ServerReflectionRequest"](**asked))
    answers = call(iter(waiting.get, None), timeout=60)
    found = next(answers)
    waiting.put(None)
    assert [*answers] == []
    return found


@pytest.mark.parametrize("path", methods.REFLECT)
def test_reflection_names_and_describes_what_is_served(client: GrpcClient, path: str) -> None:
    listed = reflected(client.channel, path, list_services="*").list_services_response
    names = {one.name for one in listed.service}
    assert {methods.INFERENCE, methods.HEALTH} < names
    pool = DescriptorPool()
    for name in names:
        told = reflected(client.channel, path, file_containing_symbol=name)
        for content in told.file_descriptor_response.file_descriptor_proto:
            pool.AddSerializedFile(content)
    service = pool.FindServiceByName(methods.INFERENCE)
    assert {one.name for one in service.methods} == {
        one.rpartition("/")[2] for one in methods.METHODS if methods.INFERENCE in one
    }
    assert pool.FindMethodByName(f"{methods.HEALTH}.Watch").server_streaming
    unknown = reflected(client.channel, path, file_containing_symbol="a.B")
    assert unknown.error_response.error_code == 5


def test_health_is_watched_until_the_server_ends(start_server, served: GrpcServer) -> None:
    port = free_port()
    http = start_server(served.package, MODEL_GRPC_PORT=str(port), MODEL_WORKERS="1")
    with connected(port) as client:
        call = client.channel.unary_stream(
            methods.WATCH,
            request_serializer=lambda one: one.SerializeToString(),
            response_deserializer=MESSAGES["HealthCheckResponse"].FromString,
        )
        client.infer(row_request("diamonds"))
        unknown = call(MESSAGES["HealthCheckRequest"](service="x"))
        assert next(unknown).status == 3
        unknown.cancel()
        watched = call(MESSAGES["HealthCheckRequest"](service=methods.INFERENCE), timeout=60)
        assert next(watched).status == 1
        http.process.send_signal(signal.SIGTERM)
        assert next(watched).status == 2
        with pytest.raises(grpc.RpcError) as ended:
            next(watched)
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    assert http.process.wait(60) == 0
