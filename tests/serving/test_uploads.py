"""Files that curl and other clients send to ``/predict`` get the answers of JSON."""

from __future__ import annotations

import http.client
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator
from serving_helpers import Server
from upload_samples import FEATURES, PNG, ROW, TEXTS, picture_package

pytestmark = pytest.mark.server
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, start_shared: Callable[..., Server]) -> Server:
    return start_shared(
        picture_package(tmp_path_factory.mktemp("pictures")),
        MODEL_MAX_BODY_BYTES="100000",
        MODEL_FEEDBACK="off",
    )


@pytest.fixture(scope="module")
def right(served: Server) -> Any:
    """The answer to ``ROW`` as JSON."""
    reply = served.predict([ROW])
    assert reply.status == 200
    return reply.json


def url(server: Server, query: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/predict{query}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_curl_sends_a_form_and_a_file(served: Server, right: Any, tmp_path: Path) -> None:
    picture = tmp_path / "cät.png"
    picture.write_bytes(PNG)
    fields = [part for name, text in TEXTS.items() for part in ("-F", f"{name}={text}")]
    query = [part for name, text in TEXTS.items() for part in ("--url-query", f"{name}={text}")]
    for arguments in (
        ["-F", f"image=@{picture}", *fields, url(served)],
        ["-F", f"image=<{picture}", *fields, url(served)],
        ["-T", picture, "-X", "POST", "-H", "Content-Type: image/png", *query, url(served)],
    ):
        done = subprocess.run(["curl", "-s", *arguments], capture_output=True, check=True)
        assert json.loads(done.stdout) == right, arguments


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_commands_of_the_page_are_as_they_say(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    columns = tuple(one for one in FEATURES if one.name in ("image", "age", "born"))
    package = picture_package(tmp_path / "package", columns)
    server = start_server(package, MODEL_FEEDBACK="off", MODEL_WORKERS="1")
    (tmp_path / "cat.png").write_bytes(PNG)
    page = (DOCS / "protocols.md").read_text(encoding="utf-8")
    section = page.partition("### Files\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^```\n(curl .*?)\n```", section, re.MULTILINE)
    expected = server.predict([{one.name: ROW[one.name] for one in columns}]).json
    assert len(commands) == 2
    for command in commands:
        there = command.replace("localhost:3000", f"127.0.0.1:{server.port}")
        done = subprocess.run(there, shell=True, cwd=tmp_path, capture_output=True, check=True)
        assert json.loads(done.stdout) == expected, command


def test_an_http_library_sends_them_too_and_several_rows(served: Server, right: Any) -> None:
    files = [("image", ("a.png", PNG, "image/png")), ("image", ("b.png", PNG + b"1", "image/png"))]
    twice = {name: [text, text] for name, text in TEXTS.items()}
    one = httpx.post(url(served), files=files[:1], data=TEXTS)
    assert one.json() == right
    two = httpx.post(url(served), files=files, data=twice).json()
    assert two["predictions"][0] == right["predictions"][0]
    assert two["predictions"][1] != right["predictions"][0]
    raw = httpx.post(url(served), params=TEXTS, content=PNG, headers={"content-type": "image/png"})
    assert raw.json() == right


def test_errors_are_those_of_json(served: Server) -> None:
    for name, text, value in (
        ("age", "old", "old"),
        ("age", "9007199254740993", 9007199254740993),
        ("born", "31.1.2024", "31.1.2024"),
        ("box", "[[1]]", [[1]]),
        ("indoor", "perhaps", "perhaps"),
    ):
        json_error = served.predict([{**ROW, name: value}])
        reply = httpx.post(url(served), files={"image": PNG}, data={**TEXTS, name: text})
        assert (reply.status_code, reply.json()) == (json_error.status, json_error.json)
    partial = {name: text for name, text in TEXTS.items() if name != "age"}
    reply = httpx.post(url(served), files={"image": PNG}, data=partial)
    assert reply.status_code == 422
    assert reply.json()["error"]["column"] == "age"
    unusual = {**TEXTS, "age": "99", "coat": "x"}
    flagged = httpx.post(url(served), files={"image": PNG}, data=unusual)
    assert flagged.json()["predictions"][0]["flags"] == ["age:out_of_range", "coat:unseen"]


def test_other_protocols_take_no_forms(served: Server) -> None:
    for path in ("/invocations", "/v2/models/diamonds/infer"):
        reply = httpx.post(url(served).replace("/predict", path), files={"image": PNG}, data=TEXTS)
        assert reply.status_code == 400, path


def test_the_size_of_a_form_is_bounded(served: Server) -> None:
    reply = httpx.post(url(served), files={"image": bytes(200_000)}, data=TEXTS)
    assert reply.status_code == 413


def test_the_document_describes_what_is_taken(served: Server, right: Any) -> None:
    content = served.get("/docs.json").json["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(content) == {
        *("application/json", "application/octet-stream", "image/*", "multipart/form-data"),
    }
    form = content["multipart/form-data"]
    assert form["encoding"] == {"box": {"contentType": "application/json"}}
    assert Draft202012Validator(form["schema"]).is_valid({**ROW, "image": "…"})
    assert right["predictions"]


WHOLE = b"".join(
    [
        b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + PNG,
        *(
            f'\r\n--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode()
            for name, text in TEXTS.items()
        ),
        b"\r\n--XX--\r\n",
    ]
)


def test_broken_forms_get_a_documented_error_and_never_a_500(served: Server, right: Any) -> None:
    source, seen = random.Random(5), set()
    kinds = ("multipart/form-data; boundary=XX", "multipart/form-data", "image/png", "multipart/x")
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)

    def post(body: bytes, kind: str = kinds[0]) -> tuple[int, Any]:
        connection.request("POST", "/predict", body, {"Content-Type": kind})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())

    assert post(WHOLE) == (200, right)
    for _ in range(200):
        at = source.randrange(len(WHOLE))
        change = source.choice((b"", b"\r\n", b"--XX", b"\xff", b'"', b";", b"\0", b"name=", b":"))
        body = WHOLE[:at] + change + WHOLE[at + source.choice((0, 0, 1, 9, 500)) :]
        status, found = post(body, kinds[source.choice((0, 0, 0, 0, 1, 2, 3))])
        seen.add(status)
        if status != 200:
            assert status in (400, 413, 415, 422), (body, found)
            assert found["error"]["message"]
    assert {200, 400, 415, 422} <= seen
    assert " 500" not in served.log.read_text()
