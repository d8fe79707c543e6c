"""A server with an unsupported version of a library ends at startup, and names it."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest
from serving_helpers import Package, start

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
    "bentoml": """
from importlib import util
found = util.find_spec
util.find_spec = lambda name, *more: None if name == "_bentoml_impl" else found(name, *more)
""",
}
"""Library → what takes a part of it away as soon as a process starts."""


@pytest.mark.parametrize("library", WITHOUT)
def test_the_log_names_library_version_and_what_to_do(
    library: str, package: Package, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT[library])
    code = package.root / "code"
    places = [tmp_path, code, code / "src", CHECKOUT]
    server = start(package, tmp_path, PYTHONPATH=os.pathsep.join(map(str, places)))
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
