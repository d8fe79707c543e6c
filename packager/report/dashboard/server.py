"""A server of pages for the person at this machine: on 127.0.0.1, only reads, no scripts."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from packager.errors import UsageError
from packager.report.dashboard.address import REFRESH_SECONDS, PageAddress
from packager.report.dashboard.page import html_page
from packager.report.dashboard.site import DashboardSite, SitePage
from packager.report.data_test_plot import words
from packager.report.page import POLICY

HOST = "127.0.0.1"
SECONDS = 30
"""Within which a request has to come."""


def dashboard_server(site: DashboardSite, port: int) -> ThreadingHTTPServer:
    """A server that is bound to ``port`` (0: a free one); raises ``UsageError`` if it is taken."""

    class Handler(_Handler):
        pages = site

    try:
        return _Server((HOST, port), Handler)
    except OSError as error:
        raise UsageError(
            f"--port: expected a free port, got {port}: {error.strerror}",
            "choose another one, or --port 0 for any free one",
        ) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    """Answers ``GET /``; every other path, host and method is refused."""

    pages: DashboardSite
    timeout = SECONDS
    server_version, sys_version = "dashboard", ""

    def do_GET(self) -> None:
        """A page, or why there is none."""
        parts = urlsplit(self.path)
        # A page elsewhere could have a name that leads here: it must not read these pages.
        if self.headers.get("Host", "").rpartition(":")[0] not in (HOST, "localhost"):
            self._send(_refused(421, f"expected the host {HOST} or localhost"))
            return
        if parts.path != "/":
            self._send(_refused(404, f"{parts.path}: expected /, which has all pages"))
            return
        try:
            address = PageAddress.of(parts.query)
        except ValueError as error:
            self._send(_refused(400, str(error)))
            return
        self._send(self.pages.served(address), refresh=address.refresh)

    def _send(self, page: SitePage, *, refresh: bool = False) -> None:
        body = page.html.encode("utf-8", "replace")
        self.send_response(page.status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            **({"Refresh": str(REFRESH_SECONDS)} if refresh else {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Log nothing: the terminal is the person's."""


def _refused(status: int, reason: str) -> SitePage:
    body = [f'<p class="lead bad">{words(reason, 500)}</p>', '<p><a href="/">The dashboard</a></p>']
    return SitePage(status, html_page("no such page", {}, body, ""))
