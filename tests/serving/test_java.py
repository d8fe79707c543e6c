"""The JDK's HTTP client, which offers h2c with every first request to ``http://``."""

from __future__ import annotations

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


def test_what_the_jdk_sends_is_answered(server: Server) -> None:
    body = b'{"rows": [{"carat": 0.5, "color": "E", "tables": 55}]}'
    head = RECORDED % len(body)
    for pieces in ([head + body], [head, body], [head[:-1], head[-1:] + body[:1], body[1:]]):
        received = exchanged(server.port, pieces, 0.2)
        assert received.startswith(b"HTTP/1.1 200 "), received
        assert received.count(b"HTTP/1.1 ") == 1
