"""Offers to change the protocol, which a server may ignore (RFC 9110, 7.8) and this one does.

The parser stops at the head of a request with such an offer, skips its body and takes what follows
for a new request. So the head is given once more, without the offer, to a new parser, and the body
after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Header = tuple[bytes, bytes]

UPGRADE_HEADERS = frozenset({b"upgrade", b"http2-settings"})
INVALID = "Invalid HTTP request received."


def without_offers(headers: Iterable[Header]) -> Iterator[Header]:
    """Headers (names in lower case) less those of an offer, and less their names in Connection."""
    for name, value in headers:
        if name in UPGRADE_HEADERS:
            continue
        if name == b"connection":
            kept = [
                token for token in value.split(b",") if token.strip().lower() not in UPGRADE_HEADERS
            ]
            value = b",".join(kept).strip()
            if not value:
                continue
        yield name, value


class UpgradeIgnorer(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, where requests with an offer are requests like any other.

    A ``CONNECT`` asks for a tunnel, behind which nothing is HTTP: it is refused (400), and the
    connection ends.
    """

    ended_by_us = False
    """Whether what comes is not parsed any more."""
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
        """Take the request, unless it has to be parsed once more."""
        self._offered = self.parser.should_upgrade()
        if not self._offered:
            self.on_head()

    def on_head(self) -> None:
        """The head of a request is there, without an offer."""
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there, unless it has to be parsed once more."""
        if not self._offered:
            self.on_message()

    def on_message(self) -> None:
        """A request is there, without an offer."""
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
        """Have a new parser take the head that was parsed, without its offer."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self.send_400_response(INVALID)
            return
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % header for header in without_offers(self.headers)]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")
