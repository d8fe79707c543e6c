"""Ignores ``Upgrade`` headers, as a server may (RFC 9110, 7.8).

The parser stops at the head of a request with an ``Upgrade`` header, skips its body and parses what
follows as a new request. So a new parser gets the head again, without the header, and then the
body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Header = tuple[bytes, bytes]

UPGRADE_HEADERS = frozenset({b"upgrade", b"http2-settings"})
INVALID = "Invalid HTTP request received."


def without_offers(headers: Iterable[Header]) -> Iterator[Header]:
    """Headers (names in lower case) without those of an upgrade and their names in Connection."""
    for name, value in headers:
        if name in UPGRADE_HEADERS:
            continue
        if name == b"connection":
            tokens = [
                token for token in value.split(b",") if token.strip().lower() not in UPGRADE_HEADERS
            ]
            value = b",".join(tokens).strip()
            if not value:
                continue
        yield name, value


class UpgradeIgnorer(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which here treats requests with an ``Upgrade`` header as ordinary.

    A ``CONNECT`` asks for a tunnel that carries no HTTP: it is refused (400), and the connection is
    closed.
    """

    ended_by_us = False
    """Whether further data is ignored."""
    _offered = False

    def data_received(self, data: bytes) -> None:
        """Parse ``data``."""
        if self.ended_by_us:
            return
        self._unset_keepalive_if_required()
        try:
            self._parse_all(data)
        except httptools.HttpParserError:
            self.send_400_response(INVALID)

    def on_headers_complete(self) -> None:
        """Handle the head, unless it has to be parsed again."""
        self._offered = self.parser.should_upgrade()
        if not self._offered:
            self.on_head()

    def on_head(self) -> None:
        """Handle the head of a request without an upgrade offer."""
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Handle the request, unless it has to be parsed again."""
        if not self._offered:
            self.on_message()

    def on_message(self) -> None:
        """Handle a complete request without an upgrade offer."""
        super().on_message_complete()

    def _parse_all(self, data: bytes) -> None:
        while not (self.transport.is_closing() or self.ended_by_us):
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._parse_again()
            else:
                return

    def _parse_again(self) -> None:
        """Give the parsed head, without its upgrade offer, to a new parser."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self.send_400_response(INVALID)
            return
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % header for header in without_offers(self.headers)]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")
