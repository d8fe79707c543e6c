"""Texts of people and sources as paragraphs: plain text, with links where they are trusted."""

from __future__ import annotations

import re

from markupsafe import Markup

from packager.text import visible
from packager.tracker.service.pages.formatting import is_trusted, shortened
from packager.tracker.service.settings import ServiceSettings

MAX_NAME = 80
_PART = re.compile(r"(https?://[^\s<>\"'`]{1,2000}|`[^`\n]{1,500}`)")
_TRAILING = ".,;:!?)]}"


def prose(text: str, settings: ServiceSettings) -> Markup:
    """HTML of a text: lines stay lines, ```code``` is code, trusted addresses are links."""
    lines = text.replace("\r", "").split("\n")
    return Markup("<br>").join(_line(line, settings) for line in lines)


def link(url: str, text: str, settings: ServiceSettings) -> Markup:
    """A link; the address as text if it isn't trusted."""
    text = shortened(text, MAX_NAME)
    if not is_trusted(url, settings):
        return Markup("<span>{} <code>{}</code></span>").format(visible(text), visible(url))
    return _anchor(url, text)


def _anchor(url: str, text: str) -> Markup:
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, visible(text))


def _line(text: str, settings: ServiceSettings) -> Markup:
    pieces = []
    for index, part in enumerate(_PART.split(text)):
        if index % 2 == 0:
            pieces.append(Markup("{}").format(visible(part)))
        elif part.startswith("`"):
            pieces.append(Markup("<code>{}</code>").format(visible(part[1:-1])))
        else:
            url = part.rstrip(_TRAILING)
            known = _anchor(url, url) if is_trusted(url, settings) else visible(url)
            pieces.append(Markup("{}{}").format(known, part[len(url) :]))
    return Markup("").join(pieces)
