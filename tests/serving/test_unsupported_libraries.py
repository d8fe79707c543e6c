"""A server with an unsupported version of a library ends at startup, and names it.

BentoML, which only the viewer needs, is named when somebody asks for the viewer.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest
from serving_helpers import SERVING, Package, Server, start, wait_ready

pytestmark = pytest.mark.server
CHECKOUT = Path(__file__).parents[2]
WITHOUT = {
    "uvicorn": """
import uvicorn.protocols.http.httptools_impl as part
del part.HttpToolsProtocol.send_400_response
""",
    "prometheus-client": """
import prometheus_client.values as part
del part.MultiProcessValue
""",
}
"""Library → what takes a part of it away as soon as a process starts."""
WITHOUT_SERVICE = """
import builtins
imported = builtins.__import__
def without_service(name, *given, **named):
    found = imported(name, *given, **named)
    if name == "bentoml":
        found.Service = None
    return found
builtins.__import__ = without_service
"""


def started(package: Package, folder: Path, before: str) -> Server:
    """A server in which ``before`` runs first."""
    (folder / "sitecustomize.py").write_text(before)
    code = package.root / "code"
    places = [folder, code, code / "src", CHECKOUT]
    path = os.pathsep.join(map(str, places))
    return start(package, folder, program=SERVING, PYTHONPATH=path)


@pytest.mark.parametrize("library", WITHOUT)
def test_the_log_names_library_version_and_what_to_do(
    library: str, package: Package, tmp_path: Path
) -> None:
    server = started(package, tmp_path, WITHOUT[library])
    try:
        ended = server.process.wait(60)
    finally:
        server.process.kill()
    found = version(library)
    said = [line for line in server.lines() if f"{library} {found}: expected " in line["message"]]
    assert ended == 1, server.log.read_text()
    assert said, server.log.read_text()
    hints = [line.get("hint", "") for line in said]
    assert any(f"`{library}<{found}` into requirements.txt" in hint for hint in hints), hints


def test_predictions_need_no_bentoml_and_the_viewer_names_it(
    package: Package, tmp_path: Path
) -> None:
    server = started(package, tmp_path, WITHOUT_SERVICE)
    try:
        wait_ready(server)
        assert server.get("/static_content/swagger-ui.css").status == 500
        assert server.predict([{"carat": 0.5, "color": "E", "tables": 55}]).status == 200
    finally:
        server.stop()
    found = version("bentoml")
    (line, *_) = [one for one in server.lines() if f"bentoml {found}: " in one["message"]]
    assert line["message"].endswith("got TypeError: 'NoneType' object is not callable")
    assert f"`bentoml<{found}` into requirements.txt" in line["hint"]
