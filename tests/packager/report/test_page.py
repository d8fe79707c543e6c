"""Properties of every HTML page, with values that try to be markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.report.data_issues_page import grade, issues_page
from packager.report.page import STYLE, html_table, page

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e"


class Parsed(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(text: str) -> Parsed:
    """The page, which loads and runs nothing: no such tag, no such attribute, and a policy."""
    seen = Parsed(text)
    tags = {tag for tag, _ in seen.tags}
    assert {"script", "link", "img", "iframe", "object", "base", "form"}.isdisjoint(tags)
    names = {name for _, attrs in seen.tags for name in attrs}
    assert not [name for name in names if name.startswith("on") or name in ("href", "src")]
    assert "default-src 'none'" in text
    assert "http:" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "https:" not in text
    assert "\u202e" not in text
    return seen


def test_a_page_escapes_everything_it_is_given() -> None:
    table = html_table(HOSTILE, (HOSTILE, "n"), [(HOSTILE, 1), (HOSTILE, None)], right=(HOSTILE,))
    text = page(HOSTILE, HOSTILE, [table], {HOSTILE: HOSTILE}, footer=HOSTILE)
    seen = harmless(text)
    assert seen.text.count("<script>alert(1)</script>") == 11
    assert text.startswith("<!doctype html>\n")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text


def test_a_table_sets_numbers_to_the_right_and_keeps_its_label_in_sight() -> None:
    rows = [("a", 0.5, "x" * 60, "", "yes"), ("b", 12345, "short", None, "no")]
    text = html_table("Title", ("name", "value", "text", "empty", "word"), rows)
    assert '<th scope="row" class="word"><span>a</span></th><td class="number">0.5000</td>' in text
    assert (
        '<td class="number">12,345</td><td class="text">short</td><td class="word">no</td>' in text
    )
    assert "empty" not in text
    assert 'class="scroll" tabindex="0" role="region"' in text
    style = STYLE.read_text(encoding="utf-8")
    assert re.search(r"tr > th:first-child \{ position: sticky; left: 0;", style)
    assert re.search(r"\.number \{ text-align: right;", style)
    assert html_table("Title", ("name",), []) == ""


def colours(scheme: str) -> dict[str, tuple[float, float, float]]:
    """The named colours of the style in a colour scheme, as red, green and blue from 0 to 1."""
    style = STYLE.read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    found = {}
    for name, code in re.findall(r"--(\w+): #([0-9a-f]+)", {"light": light, "dark": dark}[scheme]):
        full = code if len(code) == 6 else "".join(c * 2 for c in code)
        red, green, blue = (int(full[i : i + 2], 16) / 255 for i in (0, 2, 4))
        found[name] = (red, green, blue)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_may_be_wrong_is_not_green_and_all_text_can_be_read(scheme: str) -> None:
    found = colours(scheme)
    for name in ("bad", "warn", "doubt"):
        red, green, _ = found[name]
        assert red > green, name
    for name in ("ink", "soft", "good", "bad", "warn", "doubt", "accent"):
        for under in ("paper", "card"):
            assert contrast(found[name], found[under]) >= 4.5, (name, under)  # WCAG 2.2, AA


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_score_that_is_likely_wrong_has_a_colour_of_its_own() -> None:
    assert [grade(score) for score in (1.0, 0.94, 0.8, 0.79, 0.49)] == [
        *("wrong", "likely", "likely", "look", "hint"),
    ]
    style = STYLE.read_text(encoding="utf-8")
    assert ".likely { color: var(--warn); }" in style
    assert ".look { color: var(--doubt); }" in style


def finding(**fields: Any) -> DataFinding:
    values = {"detector": "outlier", "score": 0.9, "column": "a", "observed": "1", "row": 1234}
    values |= {"expected": "2", "suggestion": "look", "row_hash": "ab" * 8}
    return DataFinding(**(values | fields))


def test_hostile_cells_are_text_and_a_row_number_has_no_comma() -> None:
    first = finding(column=HOSTILE, observed=HOSTILE, expected=HOSTILE, suggestion=HOSTILE)
    held_out = finding(row=12, part="test", row_hash="cd" * 8)
    report = DataCheckReport(
        rows=2_000,
        columns=(HOSTILE, "b"),
        counts={"outlier": 2},
        model_free=(),
        findings=(first, held_out),
        cells={"ab" * 8: (HOSTILE, None), "cd" * 8: ("1", "2")},
        histograms={},
        notes=(HOSTILE,),
    )
    seen = harmless(issues_page(report, report.findings, (), HOSTILE))
    assert "row 1234 " in seen.text
    assert "row 12 (test) " in seen.text
    assert "Data issues: <script>" in seen.text
