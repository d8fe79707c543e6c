"""Images of servers of a few lines, on a base that has Python, for tests of deployments."""

from __future__ import annotations

import subprocess

import pytest
from own_engine import OwnEngine

BASE = "package-base:bookworm-python3.11"
SERVER = """
import http.server, signal, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"VERSION"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("", 3000), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
BROKEN = "raise SystemExit(3)"
CHECK = 'HEALTHCHECK --interval=1s --timeout=5s CMD ["python3", "-c", "pass"]'


def server_images(engine: OwnEngine) -> None:
    """Make images in ``engine``.

    ``tiny:1`` and ``tiny:2`` serve, ``tiny:broken`` ends at once, ``tiny:sick`` is never healthy.
    """
    known = subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False)
    if known.returncode:
        pytest.skip(f"needs the image {BASE}")
    engine.copy_image(BASE)
    programs = {version: SERVER.replace("VERSION", version) for version in ("1", "2", "sick")}
    for version, program in {**programs, "broken": BROKEN}.items():
        container = engine.docker("create", "--entrypoint", "python3", BASE, "-c", program)
        check = CHECK.format("raise SystemExit(1)" if version == "sick" else "pass")
        engine.docker("commit", "--change", check, container, f"tiny:{version}")
        engine.docker("rm", container)
