"""The page of a test on new data.

Also checked in Chromium at 360 and 1280 pixels, light, dark and printed: no request is sent, the
console is empty, and the page does not scroll sideways.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import tested_packages as made

from packager.errors import PackageError
from packager.report.data_test_page import data_test_page, error_page

MAX_BYTES = 1_000_000
VOID = {"meta", "img", "br", "input", "link", "hr"}


class Structure(HTMLParser):
    """Checks that elements are closed in their order, and collects what a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def structure(text: str) -> Structure:
    found = Structure()
    found.feed(text)
    assert found.open == []
    return found


def test_the_verdict_and_what_failed_come_first_and_every_family_has_its_section() -> None:
    text = data_test_page(made.every_family("color"), [made.every_family("color")])
    titles = [title.strip() for title in re.findall(r"<h2[^>]*>([^<]+)", text)]
    assert titles == [
        *("What failed", "Schema", "Suspicious values", "Drift", "Quality", "Calibration"),
        *("Fairness", "Processor time", "Behavioural cases", "Weak slices"),
        *("Earlier tests", "What was not judged, and why", "Data and policy"),
    ]
    assert text.index('class="lead bad"') < text.index("What failed")
    assert "accuracy 0.8, 0.9 when packaged (-0.1, the policy allows 0.02)" in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    text = data_test_page(made.every_family("color"))
    found = structure(text)
    assert {"script", "link", "img", "iframe", "form"}.isdisjoint(tag for tag, _ in found.tags)
    assert not re.search(r"https?:|url\(|@import", text)
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]


def test_every_drawing_has_words_and_every_plot_a_table() -> None:
    text = data_test_page(made.every_family("color"), [made.every_family("color")])
    drawings = re.findall(r"<svg([^>]*)>(.{7})", text, re.DOTALL)
    assert drawings
    for attributes, begins in drawings:
        assert 'aria-hidden="true"' in attributes or (
            'role="img"' in attributes and begins == "<title>"
        )
    for part in re.findall(r"<section.*?</section>", text, re.DOTALL):
        assert ("<svg" not in part) or ("<details><summary>Table:" in part)


def test_links_lead_to_sections() -> None:
    found = structure(data_test_page(made.every_family("color")))
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in found.tags if tag == "a"}
    assert links <= {f"#{name}" for name in ids}


def test_headings_have_their_levels_in_order() -> None:
    found = structure(data_test_page(made.every_family("color"), [made.every_family("color")]))
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", made.HOSTILE_NAMES, ids=range(len(made.HOSTILE_NAMES)))
def test_a_page_of_two_hundred_slices_is_small_whatever_their_names(name: str) -> None:
    text = data_test_page(made.every_family(name, slices=200), [made.every_family(name)] * 30)
    assert len(text.encode()) < MAX_BYTES
    structure(text)


@pytest.mark.parametrize(
    ("verdict", "kind"), [("passed", "good"), ("failed", "bad"), ("inconclusive", "doubt")]
)
def test_the_verdict_has_its_color_and_its_word(verdict: str, kind: str) -> None:
    text = data_test_page(made.report(verdict=verdict))
    assert f'<p class="lead {kind}">{verdict}: because it is so</p>' in text


def test_what_was_not_judged_says_why_and_what_could_have_been_seen() -> None:
    families = [
        made.family("quality", [made.unclear("accuracy color=E", visible_from=0.0625)]),
        made.family("fairness", verdict="not judged", why="no column is named"),
    ]
    text = data_test_page(made.report(*families))
    part = text[text.index('id="not-judged"') :]
    assert "no column is named" in part
    assert "10 rows without a label" in part
    assert "1 of 1 checks have too few rows" in part
    assert "0.06250" in part


def test_a_test_that_could_not_be_made_has_a_page() -> None:
    text = error_page("oci:out", PackageError("the model's process <ended>", "give it memory"))
    assert "The test could not be made: the model&#x27;s process &lt;ended&gt;" in text
    assert "give it memory" in text
