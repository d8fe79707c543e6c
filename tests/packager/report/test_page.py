"""Pages: whatever a value is, it is text; what has no value has no column."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from packager.report.page import POLICY, html_table, page, section

HOSTILE = st.text("<>&\"'/=!-;#xü ", max_size=20)


class Read(HTMLParser):
    """What a browser sees: tags, and text outside of the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_value_becomes_markup(title, key, cell):
    plain = page("Kind", "t", [html_table("T", ["h"], [["x"]])], {"k": "v"}, "f")
    body = [html_table(title, [key], [[cell + "x"]])]
    found = page(title, title, body, {key: cell}, cell + "f")
    assert Read(found).tags == Read(plain).tags
    assert cell + "f" in Read(found).text


@given(HOSTILE)
def test_nothing_on_a_page_is_loaded_or_run(title):
    tags = Read(page("Kind", title, [], footer=title)).tags
    assert not {"script", "link", "img", "iframe", "form"} & {*tags}
    assert POLICY in page("Kind", title, [])


def test_columns_without_a_value_are_left_out():
    found = Read(html_table("T", ["a", "empty", "b"], [["x", "", 1], ["y", None, None]])).text
    assert "empty" not in found
    assert html_table("T", ["a"], [[""], [None], ["-"]]) == html_table("T", ["a"], []) == ""


def test_numbers_and_short_words_are_set_apart_from_text():
    rows = [["a", 1, "a word", "long " * 20], ["b", None, "", "x"]]
    found = html_table("T", ["name", "n", "w", "t"], rows)
    for kind, head in {"number": "n", "word": "w", "text": "t"}.items():
        assert f'<th scope="col" class="{kind}">{head}</th>' in found
    assert '<th scope="col" class="number">w</th>' in html_table("T", ["n", "w"], [["a", "b"]], "w")


def test_a_section_without_content_is_none():
    assert section("Title", "") == ""
