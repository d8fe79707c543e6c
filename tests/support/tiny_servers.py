"""Images of servers of a few lines, on a base that has Python, for tests of deployments."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

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


def server_images(engine: OwnEngine, versions: Mapping[str, bool]) -> None:
    """Make images ``tiny:VERSION`` in ``engine``; version → whether it serves, or ends at once."""
    known = subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False)
    if known.returncode:
        pytest.skip(f"needs the image {BASE}")
    engine.copy_image(BASE)
    for version, serves in versions.items():
        program = SERVER.replace("VERSION", version) if serves else BROKEN
        container = engine.docker("create", "--entrypoint", "python3", BASE, "-c", program)
        engine.docker("commit", "--change", CHECK, container, f"tiny:{version}")
        engine.docker("rm", container)
