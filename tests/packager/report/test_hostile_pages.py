"""Pages with values that try to run as scripts, to change the reading order, or to overflow.

Also checked in Chromium: nothing ran, no request was sent, and no box was wider than the page.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from page_samples import issues, lineage, lineage_html, page_of_a_test, replay

from packager.text import visible

HOSTILE = [
    '<script>document.title="RAN"</script>',
    "</script><img src=x onerror=alert(1)>",
    "</style></title><svg onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onmouseover='alert(1)' x='",
    "javascript:alert(1)",
    "\u202eevil\u2066",
    "a\x00b\x01\x1b[2J\u2028\ufffe",
    "W" * 5_000,
    "漢" * 300,
    "e" + "\u0301" * 300,
]


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")


@pytest.mark.parametrize("made", [issues, replay, lineage, lineage_html, page_of_a_test])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_values_are_text_in_every_page(made, value: str) -> None:
    text, plain = made(value), made("plain")
    seen, usual = Seen(), Seen()
    seen.feed(text)
    usual.feed(plain)
    assert seen.tags <= usual.tags | {"details", "summary"}
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert {"src", "action"}.isdisjoint(seen.attributes)
    assert seen.attributes.get("href", set()) == usual.attributes.get("href", set())
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe]", text)
    assert not re.search("\u0301{5}", text)
    if made is not lineage:
        assert "default-src 'none'" in text


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_drawing_is_xml_and_its_text_has_room_in_its_box(value: str) -> None:
    top = ElementTree.fromstring(lineage(value))
    names = {"s": "http://www.w3.org/2000/svg"}
    [box] = top.findall("s:g/s:rect", names)
    for written in top.findall("s:g/s:text", names):
        letters = written.text or ""
        assert len(letters) < 60
        wide = sum(1 if letter < "\u0370" else 2 for letter in letters)
        assert 10 + wide * 6.6 <= float(box.attrib["width"])


def test_letters_of_every_language_stay_as_they_are() -> None:
    for text in ("naïve", "e\u0301\u0323", "漢字", "שלום", "ไม่", "🎉", "a  b"):
        assert visible(text) == text
