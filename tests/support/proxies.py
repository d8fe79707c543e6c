"""nginx and haproxy in front of a server, with persistent and shared connections to it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving_helpers import free_port

# One connection to the server for all clients; Upgrade headers of clients are passed on.
NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream model {{ server 127.0.0.1:{server}; keepalive 1; keepalive_requests 100000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header HTTP2-Settings $http_http2_settings;
      proxy_set_header Connection "keep-alive, Upgrade, HTTP2-Settings";
    }}
  }}
}}
"""
# A server at a path: with a slash at its END, proxy_pass strips the path.
NGINX_PREFIX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  log_format paths "$status $request_uri";
  access_log {folder}/paths paths;
  client_max_body_size 16m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location PREFIX/ {{ proxy_pass http://127.0.0.1:{server}END; proxy_http_version 1.1; }}
  }}
}}
"""
HAPROXY = """
global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  option http-keep-alive
  http-reuse always
frontend clients
  bind 127.0.0.1:{port}
  default_backend model
backend model
  server one 127.0.0.1:{server} maxconn 1 pool-max-conn 1
"""
CONFIGURATIONS = {"nginx": NGINX, "haproxy": HAPROXY}
COMMANDS = {"nginx": ["-p", "{folder}", "-c"], "haproxy": ["-f"]}
START_SECONDS = 60.0


def installed(name: str) -> bool:
    return shutil.which(name) is not None


@contextmanager
def proxy(name: str, server: int, folder: Path, configured: str | None = None) -> Iterator[int]:
    """Start a proxy in front of the server on port ``server``; yield the proxy's port.

    ``configured``: another text than that of ``CONFIGURATIONS``.
    """
    port = free_port()
    configuration = folder / f"{name}.conf"
    configuration.write_text(
        (configured or CONFIGURATIONS[name])
        .format(folder=folder, port=port, server=server)
        .lstrip()
    )
    options = [option.format(folder=folder) for option in COMMANDS[name]]
    process = subprocess.Popen([name, *options, str(configuration)], stderr=subprocess.PIPE)
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[1])


def exchanged(port: int, pieces: list[bytes], quiet: float) -> bytes:
    """All bytes received until the connection is silent for ``quiet`` seconds, or ends."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for place, piece in enumerate(pieces):
                if place:
                    time.sleep(0.002)
                connection.sendall(piece)
            connection.settimeout(quiet)
            while piece := connection.recv(1 << 16):
                received += piece
        except (TimeoutError, OSError):
            pass
    return bytes(received)
