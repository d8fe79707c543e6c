"""The parts of a ``multipart/form-data`` body (RFC 7578), each in memory.

``python-multipart`` splits the body; what it leaves to its callers is checked here: the closing
boundary, names, character sets, and the work that headers make.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.http.media_type import media_type
from serving.http.messages import RequestError
from serving.protocols.parsing import quoted

MAX_BOUNDARY = 70
"""Characters of a boundary (RFC 2046, 5.1.1)."""
MAX_HEADERS = 8
"""Headers of one part."""
MAX_HEADER_BYTES = 1_024
"""Bytes of one header of a part."""
MAX_ALL_HEADER_BYTES = 1 << 18
"""Bytes of the headers of all parts: they are read byte by byte."""
MAX_PARTS = 1_000
CHARSETS = frozenset(["utf-8", "utf8", "us-ascii", "ascii"])
ENCODINGS = frozenset(["7bit", "8bit", "binary"])
CHARSET_FIELD = "_charset_"
"""A part that names the character set of all texts (RFC 7578, 4.6)."""

# Every refused body is answered; a line of the log for each would let clients fill it.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class FormPart:
    """One field or file of a form."""

    name: str
    content: bytes
    filename: bool = False
    """Whether the part has the name of a file that is not empty."""
    unchosen: bool = False
    """Whether it is a browser's field for a file of which none was chosen."""

    @property
    def text(self) -> str:
        """The content as text; raises ``UnicodeDecodeError``."""
        return self.content.decode("utf-8")


def read_form(body: bytes, content_type: str, most: int = MAX_PARTS) -> list[FormPart]:
    """The parts of a form in their order, at least one and ``most`` at most.

    Names of files are ignored. Raises ``RequestError``: 400 for what is not a form or ends too
    early, 413 for too many parts or headers, 415 for another character set or an encoding.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser

    boundary = _boundary(content_type)
    reader = _PartReader(most)
    try:
        parser = MultipartParser(
            boundary,
            reader.callbacks,  # type: ignore[arg-type]
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )
        parser.write(body)
    except FormParserError as error:
        raise unreadable_form(f"{error}, in part {reader.number}") from error
    if not reader.ended:
        raise unreadable_form("it ends before its closing boundary")
    parts = [part for part in reader.parts if not _is_charset(part)]
    if not parts:
        raise unreadable_form("it has no parts")
    return parts


def unreadable_form(reason: str) -> RequestError:
    """400; ``reason`` says why the body is no form."""
    expected = "multipart/form-data with a name for each part"
    message = f"the body is not a form: {reason}"
    return RequestError(400, "unreadable_form", message, expected=expected)


def unsupported(message: str, expected: str) -> RequestError:
    """415: a media type, character set or encoding that is not read."""
    return RequestError(415, "unsupported_media_type", message, expected=expected)


def _boundary(content_type: str) -> bytes:
    _, parameters = media_type(content_type)
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise unreadable_form("Content-Type has no boundary")
    if len(boundary) > MAX_BOUNDARY or not (boundary.isascii() and boundary.isprintable()):
        raise unreadable_form(f"its boundary is not 1 to {MAX_BOUNDARY} characters of ASCII")
    return boundary.encode("ascii")


def _is_charset(part: FormPart) -> bool:
    """Whether a part names the character set; raises ``RequestError`` for another one."""
    if part.name != CHARSET_FIELD:
        return False
    if part.content.decode("latin-1").strip().lower() not in CHARSETS:
        raise unsupported(f"the form's {CHARSET_FIELD} is not UTF-8", "UTF-8")
    return True


@dataclass
class _PartReader:
    """Receives the events of the parser."""

    most: int
    parts: list[FormPart] = field(default_factory=list)
    ended: bool = False
    number: int = 0
    """Of the part that is read, from 1."""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: bytes = b""
    _value: bytes = b""
    _seen: int = 0
    _pieces: list[bytes] = field(default_factory=list)

    @property
    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }

    def _begin(self) -> None:
        if self.number == self.most:
            message = f"the form has more than {self.most} parts"
            expected = f"at most {self.most} parts"
            raise RequestError(413, "too_large", message, expected=expected)
        self.number += 1
        self._headers, self._pieces = {}, []

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += self._counted(data, start, end)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data, start, end)

    def _counted(self, data: bytes, start: int, end: int) -> bytes:
        self._seen += end - start
        if self._seen > MAX_ALL_HEADER_BYTES:
            raise RequestError(
                413,
                "too_large",
                "the headers of the form's parts are too large",
                expected=f"at most {MAX_ALL_HEADER_BYTES} bytes",
            )
        return data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _end(self) -> None:
        content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self.parts.append(_part(self.number, self._headers, content))

    def _end_form(self) -> None:
        self.ended = True


def _part(number: int, headers: Mapping[bytes, bytes], content: bytes) -> FormPart:
    from python_multipart.multipart import parse_options_header

    kind, options = parse_options_header(headers.get(b"content-disposition"))
    if kind != b"form-data":
        raise unreadable_form(f"part {number} has no Content-Disposition: form-data")
    if b"name" not in options:
        raise unreadable_form(f"part {number} has no name")
    try:
        name = options[b"name"].decode("utf-8")
    except UnicodeDecodeError as error:
        raise unreadable_form(f"the name of part {number} is not UTF-8") from error
    _, parameters = media_type(headers.get(b"content-type", b"").decode("latin-1"))
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise unsupported(f"part {quoted(name)} has the charset {quoted(charset)}", "UTF-8")
    encoding = headers.get(b"content-transfer-encoding", b"binary").decode("latin-1")
    if encoding.strip().lower() not in ENCODINGS:
        raise unsupported(
            f"part {quoted(name)} has the Content-Transfer-Encoding {quoted(encoding)}",
            "the bytes as they are",
        )
    filename = options.get(b"filename")
    return FormPart(name, content, bool(filename), filename == b"" and not content)
