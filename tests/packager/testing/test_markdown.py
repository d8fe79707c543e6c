"""The Markdown summary of a test on new data."""

from __future__ import annotations

import html
import re

import pytest
import tested_packages as made

from packager.errors import PackageError
from packager.testing.markdown import (
    MAX_BYTES,
    MAX_ROWS,
    as_markdown,
    error_as_markdown,
    escaped,
)


def test_the_verdict_and_what_failed_come_first() -> None:
    quality = made.family(
        "quality", [made.check("log_loss"), made.unclear("accuracy color=E"), made.failed()]
    )
    text = as_markdown(made.report(quality, verdict="failed"))
    assert text.startswith("## ❌ stones 1.0.0 on new data: failed\n\n")
    assert "failed: because it is so" in text
    order = ["### Failed", "### Families", "### Inconclusive"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert (
        "| quality | accuracy | 0.9000 | 0.8000 | -0.1000 | 0.02000 | 1,000 | 1.000e-07 |" in text
    )
    assert "| allowed | rows | q | visible from |" in text[text.index("### Inconclusive") :]
    assert re.search(r"^\| quality \| accuracy color=E .* \| 0.06000 \|$", text, re.MULTILINE)
    assert "- 10 rows without a label" in text
    assert "Package `abababababab`, 1,000 rows, 980 of them measured with labels" in text


def test_what_was_not_judged_says_why() -> None:
    fairness = made.family("fairness", verdict="not judged", why="no column is named")
    text = as_markdown(made.report(fairness))
    assert "| fairness | ⚪ not judged | 0 | 0 | 0 | 0 | no column is named |" in text


@pytest.mark.parametrize("name", made.HOSTILE_NAMES, ids=range(len(made.HOSTILE_NAMES)))
def test_hostile_names_change_no_structure(name: str) -> None:
    text = as_markdown(made.every_family(name, slices=20))
    usual = as_markdown(made.every_family("plain", slices=20))
    assert text.count("\n") == usual.count("\n")
    assert [line.count("|") for line in text.splitlines()] == [
        line.count("|") for line in usual.splitlines()
    ]
    assert "<" not in text
    assert not re.search(r"https?:/|www\.", text)
    assert not re.search(r"[@#]\w", html.unescape(text).replace("### ", ""))
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe]", text)
    text.encode()


def test_a_name_reads_as_it_is() -> None:
    name = "1. https://x www.x.y - a|b `c` *d* _e_ [f](g) <h> \\i ~j~ $k$ & 1. - + ! {l}"
    assert html.unescape(escaped(name)) == name
    assert html.unescape(escaped("@a #1")) == "@\u200ba #\u200b1"


def test_a_summary_is_bounded_however_many_checks_failed() -> None:
    checks = [made.failed(f"accuracy {'漢|' * 200}{place}") for place in range(5_000)]
    text = as_markdown(made.report(made.family("quality", checks, "failed"), verdict="failed"))
    assert len(text.encode()) < MAX_BYTES
    assert f"{5_000 - MAX_ROWS:,} more are in report.json." in text


@pytest.mark.parametrize("limit", [0, 100, 1_000, 5_000, 20_000])
def test_parts_without_room_are_left_out_whole(limit: int) -> None:
    text = as_markdown(made.every_family("x" * 200, slices=50), limit)
    assert len(text.encode()) <= limit
    if limit >= 100:
        assert text.endswith("it is in report.json.\n")


def test_a_test_that_could_not_be_made() -> None:
    text = error_as_markdown("oci:out", PackageError("no <b>", "copy it"))
    assert text == (
        "## ⛔ oci&#58;out on new data: the test could not be made\n\nno &#60;b&#62;\n\ncopy it\n"
    )
