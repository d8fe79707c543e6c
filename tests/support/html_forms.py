"""Reads a form from HTML and sends it as a browser does (HTML, 4.10.21: form submission)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str | None]
VOID = {"meta", "img", "br", "input", "link", "hr", "rect", "line", "option"}
SHOWN = {
    "number": r"-?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?",
    "date": r"\d{4}-\d{2}-\d{2}",
    "time": r"\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?",
    "datetime-local": r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?",
}
"""Type of an input → values that a browser keeps; others become empty."""
LINE_ENDS = re.compile(r"\r\n|\r|\n")


@dataclass
class SentForm(HTMLParser):
    """The successful controls of the only form of a page."""

    text: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Fields for files, of which none is chosen."""
    tags: list[tuple[str, Attributes]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """All text but the style sheet."""
    attributes: Attributes = field(default_factory=dict)
    """Of the form."""
    _open: list[str] = field(default_factory=list)
    _select: str = ""
    _options: list[tuple[str, bool]] = field(default_factory=list)
    _area: str | None = None
    _content: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "form":
            self.attributes = given
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select, self._options = given["name"] or "", []
        elif tag == "option" and self._select:
            self._options.append((given.get("value") or "", "selected" in given))
        elif tag == "textarea":
            self._area, self._content = given["name"] or "", ""

    def _input(self, given: Attributes) -> None:
        kind, name, value = given.get("type"), given.get("name"), given.get("value") or ""
        if kind == "file":
            self.files.append(name or "")
        elif name and (kind != "checkbox" or "checked" in given):
            shape = SHOWN.get(kind or "")
            if shape is not None and not re.fullmatch(shape, value):
                value = ""
            if kind != "hidden":
                value = value.replace("\r", "").replace("\n", "")
            self.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open.pop() == tag, tag
        if tag == "select":
            chosen = [value for value, selected in self._options if selected]
            self.fields.append((self._select, chosen[-1] if chosen else self._options[0][0]))
            self._select = ""
        elif tag == "textarea":
            assert self._area is not None
            self.fields.append((self._area, self._content.removeprefix("\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._content += data
        elif "style" not in self._open:
            self.words.append(data)

    @property
    def said(self) -> str:
        """The text of the page."""
        return " ".join(" ".join(self.words).split())

    def values(self) -> dict[str, str]:
        """Field → value, the first of equal names."""
        return dict(reversed(self.fields))

    def body(
        self, boundary: str = "XX", action: str = "predict", **changed: str | bytes | None
    ) -> bytes:
        """The body that a browser sends; ``changed``: fields with other values, None for none.

        A dot in the name of a field is two underscores; bytes are a chosen file.
        """
        given = {name.replace("__", "."): value for name, value in changed.items()}
        kept = [(name, value) for name, value in self.fields if name not in given]
        found = [(name, value) for name, value in [*kept, ("action", action)]]
        found += [(name, value) for name, value in given.items() if isinstance(value, str)]
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            + LINE_ENDS.sub("\r\n", value).encode()
            for name, value in found
        ]
        for name in self.files:
            chosen = given.get(name)
            filename = "a.png" if isinstance(chosen, bytes) else ""
            parts.append(
                f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n".encode()
                + (chosen if isinstance(chosen, bytes) else b"")
            )
        lines = [f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts]
        return b"".join([*lines, f"--{boundary}--\r\n".encode()])
