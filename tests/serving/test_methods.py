"""HEAD and OPTIONS of every route of a server, and what an unknown route is told."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from serving_helpers import Reply, Server

pytestmark = pytest.mark.server


def ask(server: Server, method: str, path: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path)
    reply = connection.getresponse()
    found = Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    connection.request("GET", "/livez")  # a body after HEAD would be read as its answer
    assert connection.getresponse().status == 200
    connection.close()
    return found


def operations(server: Server) -> list[tuple[str, str]]:
    paths = server.get("/docs.json").json["paths"]
    documented = [(method, path) for path, found in paths.items() for method in found]
    return [*documented, ("get", "/docs"), ("get", "/docs.json"), *VIEWER]


VIEWER = [
    ("get", "/static_content/swagger-ui.css"),
    ("get", "/static_content/swagger-ui-bundle.js"),
]


def test_head_has_the_headers_of_get_and_no_body(server: Server) -> None:
    asked = 0
    for method, path in operations(server):
        if method != "get":
            assert ask(server, "HEAD", path).status == 405, path
            continue
        whole, head = ask(server, "GET", path), ask(server, "HEAD", path)
        assert (head.status, head.body) == (200, b""), path
        if path != "/metrics":  # it counts these requests
            assert head.headers["content-length"] == str(len(whole.body)), path
        assert head.headers["content-type"] == whole.headers["content-type"], path
        asked += 1
    assert asked > 15


def test_options_of_every_route_are_its_methods(server: Server) -> None:
    for method, path in operations(server):
        found = ask(server, "OPTIONS", path)
        assert (found.status, found.body) == (204, b""), path
        allowed = "GET, HEAD, OPTIONS" if method == "get" else "POST, OPTIONS"
        assert found.headers["allow"] == allowed, path
        assert ("accept-encoding" in found.headers) == (method == "post")
        assert "content-length" not in found.headers
        wrong = ask(server, "DELETE", path)
        assert (wrong.status, wrong.headers["allow"]) == (405, allowed), path
    assert ask(server, "OPTIONS", "/none").status == 404


def test_options_of_the_whole_server(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
    assert received.startswith(b"HTTP/1.1 204 ")
    assert b"allow: GET, HEAD, POST, OPTIONS\r\n" in received


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/predict/", "there is no such route: did you mean /predict?"),
        ("/v2/models/x/infer", "model 'x' is not served here; served: diamonds version "),
        ("/v1/models/x", "model 'x' is not served here; served: diamonds version "),
        (
            "/v2/models/diamonds/versions/7/infer",
            "model 'diamonds' version '7' is not served here; served: diamonds version ",
        ),
        ("/favicon.ico", "there is no such route"),
    ],
)
def test_an_unknown_route_names_what_is_there(server: Server, path: str, message: str) -> None:
    reply = server.get(path)
    error = reply.json["error"]
    assert reply.status == 404
    assert (error["message"] if isinstance(error, dict) else error).startswith(message)


def test_models_and_versions_in_paths_and_answers(server: Server) -> None:
    version = server.get("/schema").json["version"]
    assert server.get("/v2/models").json == {"models": ["diamonds"]}
    index = server.request("POST", "/v2/repository/index", b"").json
    told = {"name": "diamonds", "version": version, "state": "READY", "reason": ""}
    assert index == [told]
    path = f"/v2/models/diamonds/versions/{version}"
    assert server.get(path).json["versions"] == [version]
    assert server.get(f"{path}/ready").status == 200
    inputs = [
        {"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]},
        {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["E"]},
        {"name": "tables", "shape": [1], "datatype": "INT64", "data": [55]},
    ]
    body = json.dumps({"inputs": inputs}).encode()
    answer = server.request("POST", f"{path}/infer", body, "application/json").json
    assert (answer["model_name"], answer["model_version"]) == ("diamonds", version)
