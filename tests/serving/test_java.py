"""The JDK's HTTP client, which offers h2c with every first request to ``http://``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from proxies import exchanged
from serving_helpers import Server

pytestmark = pytest.mark.server

CLIENT = """
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;

class Ask {
    public static void main(String[] given) throws Exception {
        var client = HttpClient.newHttpClient();
        var asked = new ArrayList<CompletableFuture<HttpResponse<String>>>();
        for (int number = 0; number < 20; number++) {
            String row = "{\\"carat\\": 0.5, \\"color\\": \\"E\\", \\"tables\\": 55}";
            String filling = " ".repeat(number % 2 == 0 ? 0 : 100_000);
            var request = HttpRequest.newBuilder(URI.create(given[0] + "/predict"))
                .header("Content-Type", "application/json")
                .header("X-Request-Id", "java-" + number)
                .expectContinue(number % 5 == 4)
                .POST(HttpRequest.BodyPublishers.ofString(filling + "{\\"rows\\": [" + row + "]}"))
                .build();
            asked.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
        }
        for (int number = 0; number < asked.size(); number++) {
            var answer = asked.get(number).get();
            var id = answer.headers().firstValue("x-request-id").orElse("none");
            System.out.println(answer.statusCode() + " " + answer.version() + " " + id);
        }
    }
}
"""
EVERY_ROUTE = """
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class Call {
    public static void main(String[] given) throws Exception {
        var client = HttpClient.newHttpClient();
        for (int at = 1; at < given.length; at += 2) {
            var request = HttpRequest.newBuilder(URI.create(given[0] + given[at]));
            if (!given[at + 1].isEmpty()) {
                request.header("Content-Type", "application/json");
                request.POST(HttpRequest.BodyPublishers.ofString(given[at + 1]));
            }
            var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            System.out.println(given[at] + " " + answer.statusCode());
        }
    }
}
"""
# What OpenJDK 17 sent, byte for byte, but for the length and the port.
RECORDED = (
    b"POST /predict HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: %d\r\n"
    b"Host: 127.0.0.1:3000\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n"
    b"Upgrade: h2c\r\nUser-Agent: Java-http-client/17.0.15\r\n"
    b"Content-Type: application/json\r\n\r\n"
)


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK")
def test_the_jdks_client_can_post(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "Ask.java"
    source.write_text(CLIENT)
    done = subprocess.run(
        ["java", str(source), f"http://127.0.0.1:{server.port}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [f"200 HTTP_1_1 java-{number}" for number in range(20)]
    assert done.stdout.splitlines() == expected


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK")
def test_the_jdks_client_calls_every_route(server: Server, tmp_path: Path) -> None:
    row = {"carat": 0.5, "color": "E", "tables": 55}
    token = server.predict([row]).json["predictions"][0]["token"]
    kinds = {"carat": "FP64", "color": "BYTES", "tables": "INT64"}
    tensors = [
        {"name": name, "shape": [1], "datatype": kinds[name], "data": [value]}
        for name, value in row.items()
    ]
    bodies = {
        "predict": {"rows": [row]},
        "feedback": [{"token": token, "actual": "Ideal"}],
        "invocations": {"dataframe_records": [row]},
        "infer": {"inputs": tensors},
        "index": {"ready": True},
        "v1": {"instances": [row]},
    }
    paths = server.get("/docs.json").json["paths"]
    given = []
    for path, methods in paths.items():
        last = "v1" if path.startswith("/v1/") else path.rpartition("/")[2]
        body = bodies[last] if "post" in methods else None
        given += [path, "" if body is None else json.dumps(body)]
    (tmp_path / "Call.java").write_text(EVERY_ROUTE)
    for command in (["javac", "Call.java"], ["java", "Call", f"http://127.0.0.1:{server.port}"]):
        done = subprocess.run(
            [*command, *(given if command[0] == "java" else ())],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{path} 200" for path in paths]


def test_what_the_jdk_sends_is_answered(server: Server) -> None:
    body = b'{"rows": [{"carat": 0.5, "color": "E", "tables": 55}]}'
    head = RECORDED % len(body)
    for pieces in ([head + body], [head, body], [head[:-1], head[-1:] + body[:1], body[1:]]):
        received = exchanged(server.port, pieces, 0.2)
        assert received.startswith(b"HTTP/1.1 200 "), received
        assert received.count(b"HTTP/1.1 ") == 1
