"""Compressed bodies of requests and answers, over every protocol of a server."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from backports import zstd
from serving_helpers import Package, Reply, Server

pytestmark = pytest.mark.server

ROW = {"carat": 0.5, "color": "E", "tables": 55}
MODEL = "/v2/models/diamonds"
ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
}
INPUTS = [
    {"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]},
    {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["E"]},
    {"name": "tables", "shape": [1], "datatype": "INT64", "data": [55]},
]
BODIES: dict[str, tuple[Any, str]] = {
    "/predict": ({"rows": [ROW]}, "application/json"),
    "/invocations": ({"instances": [ROW]}, "application/json"),
    "/v1/models/diamonds:predict": ({"instances": [ROW]}, "application/json"),
    f"{MODEL}/infer": ({"inputs": INPUTS}, "application/json"),
    "/v2/repository/index": ({"ready": True}, "application/json"),
    "/feedback": ([{"token": "no token", "actual": "Ideal"}], "application/json"),
}


def ask(
    server: Server, path: str, body: bytes | None = None, method: str = "POST", **headers: str
) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Accept-Encoding": "", **names})
    reply = connection.getresponse()
    found = Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    connection.close()
    return found


@pytest.fixture(scope="module")
def server(package: Package, start_shared: Callable[..., Server]) -> Server:
    """A server whose answers to equal requests are equal: they have no tokens."""
    return start_shared(package, MODEL_FEEDBACK="off")


@pytest.fixture(scope="module")
def learning(package: Package, start_shared: Callable[..., Server]) -> Server:
    """A server that takes labels."""
    return start_shared(package, MODEL_FEEDBACK="on", MODEL_WORKERS="1")


@pytest.mark.parametrize("encoding", [*ENCODE])
@pytest.mark.parametrize("path", [*BODIES])
def test_every_route_takes_every_encoding(learning: Server, path: str, encoding: str) -> None:
    document, kind = BODIES[path]
    body = json.dumps(document).encode()
    plain = ask(learning, path, body, Content_Type=kind)
    packed = ask(
        learning, path, ENCODE[encoding](body), Content_Type=kind, Content_Encoding=encoding
    )
    assert plain.status == packed.status == 200
    if path not in ("/predict", f"{MODEL}/infer"):  # their tokens differ
        assert packed.body == plain.body


@pytest.mark.parametrize("encoding", [*ENCODE])
def test_csv_may_be_compressed(server: Server, encoding: str) -> None:
    body = ENCODE[encoding](b"carat,color,tables\n0.5,E,55\n")
    found = ask(server, "/invocations", body, Content_Type="text/csv", Content_Encoding=encoding)
    assert found.status == 200


def test_a_large_compressed_body_in_chunks(server: Server) -> None:
    rows = [{**ROW, "carat": n / 1_000} for n in range(25_000)]
    body = json.dumps({"rows": rows}).encode()
    assert len(body) > 1_000_000
    packed = zstd.compress(body)
    parts = (packed[start : start + 1_000] for start in range(0, len(packed), 1_000))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    head = {"Content-Encoding": "zstd", "Transfer-Encoding": "chunked", "Accept-Encoding": "zstd"}
    connection.request("POST", "/predict", parts, head, encode_chunked=True)
    reply = connection.getresponse()
    answer = json.loads(zstd.decompress(reply.read()))
    connection.close()
    assert reply.status == 200
    assert len(answer["predictions"]) == 25_000


def test_a_compressed_body_has_the_bounds_of_a_plain_one(
    failing_server: Server, server: Server
) -> None:
    row = json.dumps({"rows": [{"code": 0}] * 100}).encode()  # at most 1,000 bytes there
    for body, headers in ((row, {}), (gzip.compress(row), {"Content_Encoding": "gzip"})):
        found = ask(failing_server, "/predict", body, **headers)
        assert (found.status, found.json["error"]["code"]) == (413, "too_large")
        assert found.json["error"]["expected"] == "<= 1000 bytes"
    values = gzip.compress(b'{"rows": [' + b"[]," * 600_000 + b"1]}")
    found = ask(server, "/predict", values, Content_Encoding="gzip")
    assert found.status == 413
    assert "values" in found.json["error"]["message"]


@pytest.mark.parametrize("path", ["/predict", "/invocations", f"{MODEL}/infer"])
def test_what_can_not_be_decoded_is_400_and_an_unknown_encoding_415(
    server: Server, path: str
) -> None:
    whole = gzip.compress(b"{}")
    for body in (b"{}", whole[:-1], whole + b"{}", b""):
        found = ask(server, path, body, Content_Encoding="gzip")
        assert found.status == 400
        assert b"the body is not gzip: " in found.body
    found = ask(server, path, whole, Content_Encoding="br")
    assert (found.status, found.headers["accept-encoding"]) == (415, "gzip, deflate, zstd")
    assert b"unknown encoding" in found.body


@pytest.mark.parametrize("coding", [*DECODE])
@pytest.mark.parametrize(
    "path",
    ["/schema", "/package", "/docs.json", "/metrics", f"{MODEL}", "/static_content/swagger-ui.css"],
)
def test_documents_are_compressed_for_who_accepts_it(
    server: Server, path: str, coding: str
) -> None:
    plain = ask(server, path, method="GET")
    packed = ask(server, path, method="GET", Accept_Encoding=coding)
    assert plain.status == packed.status == 200
    if len(plain.body) < 2_048:
        assert packed.headers.get("content-encoding") is None
        return
    assert packed.headers["content-encoding"] == coding
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert len(packed.body) < len(plain.body) / 2
    if path != "/metrics":
        assert DECODE[coding](packed.body) == plain.body
        tag = packed.headers["etag"]
        again = ask(server, path, method="GET", Accept_Encoding=coding, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("rows", [60, 3_000])
def test_large_answers_are_compressed_and_small_ones_not(server: Server, rows: int) -> None:
    body = json.dumps({"rows": [ROW] * rows}).encode()
    plain = ask(server, "/predict", body)
    for coding, decode in DECODE.items():
        packed = ask(server, "/predict", body, Accept_Encoding=f"{coding}, br")
        assert packed.headers["content-encoding"] == coding
        assert decode(packed.body) == plain.body
        assert int(packed.headers["content-length"]) == len(packed.body)
    assert plain.headers["vary"] == "Accept-Encoding"
    one = json.dumps({"rows": [ROW]}).encode()
    small = ask(server, "/predict", one, Accept_Encoding="gzip")
    assert "content-encoding" not in small.headers
    assert "vary" not in small.headers


def test_q_values_are_honoured(server: Server) -> None:
    body = json.dumps({"rows": [ROW] * 60}).encode()
    for accepted, coding in (
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("gzip;q=0, *", "zstd"),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("br", None),
    ):
        found = ask(server, "/predict", body, Accept_Encoding=accepted)
        assert found.headers.get("content-encoding") == coding, accepted


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_compresses(server: Server, algorithm: str, binary: bool) -> None:
    triton = pytest.importorskip("tritonclient.http")
    rows = 400
    inputs = [
        triton.InferInput("carat", [rows], "FP64"),
        triton.InferInput("color", [rows], "BYTES"),
        triton.InferInput("tables", [rows], "INT64"),
    ]
    cells: list[Any] = [np.full(rows, 0.5), np.full(rows, "E", object), np.full(rows, 55)]
    for one, values in zip(inputs, cells, strict=True):
        one.set_data_from_numpy(values, binary_data=binary)
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    options = {
        "request_compression_algorithm": algorithm,
        "response_compression_algorithm": "gzip",
    }
    plain = client.infer("diamonds", inputs)
    packed = client.infer("diamonds", inputs, **options)
    assert packed.get_response()["model_version"] == plain.get_response()["model_version"]
    for output in ("prediction", "probabilities"):
        assert np.array_equal(packed.as_numpy(output), plain.as_numpy(output))
    assert [one["name"] for one in client.get_model_repository_index()] == ["diamonds"]
    client.close()
