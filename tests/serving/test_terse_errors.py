"""A server that tells outsiders code, status and request id alone, and its log the rest."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from serving_helpers import Package, Reply, Server

pytestmark = pytest.mark.server

ROW = {"carat": 0.5, "color": "E", "tables": 55}
SECRETS = ("diamonds", "carat", "color", "tables", "shop", "1.0.0", "bytes", "predict", "Ideal")


@pytest.fixture(scope="module")
def terse(package: Package, start_shared: Callable[..., Server]) -> Server:
    return start_shared(
        package, MODEL_ERROR_DETAIL="terse", MODEL_WORKERS="1", MODEL_MAX_BODY_BYTES="2000"
    )


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, sent, {"X-Request-Id": "id-9", **names})
    reply = connection.getresponse()
    found = Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    connection.close()
    return found


JSON = {"Content_Type": "application/json"}
BAD = {**ROW, "carat": "Alice"}
TENSOR = {"name": "carat", "shape": [1], "datatype": "BYTES", "data": ["Alice"]}
REFUSED: list[tuple[str, str, Any, dict[str, str], str]] = [
    ("POST", "/predict", {"rows": [BAD]}, JSON, "invalid_row (422)"),
    ("POST", "/predict", {"rows": [{"carat": 1}]}, JSON, "invalid_row (422)"),
    ("POST", "/predict", {"row": []}, JSON, "malformed_request (422)"),
    ("POST", "/predict", b"x", JSON, "unreadable_json (400)"),
    ("POST", "/predict", b"x" * 3_000, JSON, "too_large (413)"),
    ("POST", "/predict", b"x", {"Content_Encoding": "br"}, "unsupported_encoding (415)"),
    ("POST", "/predict", b"x", {"Content_Encoding": "gzip"}, "unreadable_encoding (400)"),
    ("POST", "/invocations", {"instances": [BAD]}, JSON, "invalid_row (422)"),
    ("POST", "/v1/models/diamonds:predict", {"instances": [BAD]}, JSON, "invalid_row (422)"),
    ("POST", "/v2/models/diamonds/infer", {"inputs": [TENSOR]}, JSON, "invalid_row (422)"),
    ("GET", "/v2/models/other", None, {}, "model_not_found (404)"),
    ("GET", "/v1/models/other", None, {}, "model_not_found (404)"),
    ("GET", "/prediction", None, {}, "not_found (404)"),
    ("GET", "/feedback", None, {}, "method_not_allowed (405)"),
    ("GET", "/invocations", None, {}, "method_not_allowed (405)"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "told"), REFUSED)
def test_errors_of_every_protocol_tell_code_status_and_id_alone(
    terse: Server, method: str, path: str, body: Any, headers: dict[str, str], told: str
) -> None:
    reply = ask(terse, method, path, body, **headers)
    assert reply.status == int(re.findall(r"\d{3}", told)[0])
    assert f"{told}, request id-9" in reply.body.decode()
    assert not [word for word in (*SECRETS, "Alice", "other") if word in reply.body.decode()]
    assert reply.headers["x-request-id"] == "id-9"
    assert ("allow" in reply.headers) == (reply.status == 405)


def test_the_log_has_what_the_answer_leaves_out(terse: Server) -> None:
    ask(terse, "POST", "/predict", {"rows": [ROW, BAD]}, X_Request_Id="id-10", **JSON)
    [line] = terse.told(lambda line: line.get("request_id") == "id-10")
    assert (line["code"], line["row"], line["column"]) == ("invalid_row", 1, "carat")
    assert "number" in line["expected"]
    assert "Alice" not in json.dumps(line)


def test_good_requests_are_answered_as_ever(terse: Server) -> None:
    reply = ask(terse, "POST", "/predict", {"rows": [ROW]}, **JSON)
    assert reply.status == 200
    assert reply.json["version"].startswith("1.0.0-")
