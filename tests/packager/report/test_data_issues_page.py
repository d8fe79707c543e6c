"""The page of data issues."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from picture_samples import gray_png

from packager.data.array_column import ArrayColumn
from packager.data.checks.run import check
from packager.data.checks.table import table_of
from packager.report.data_issues_page import MAX_OPEN, issues_page

HOSTILE = "<script>alert(1)</script>"


def report():
    frame = pd.DataFrame({"size": [5 + i / 100 for i in range(200)], "label": ["x", "y"] * 100})
    frame["note"] = [f"n{i % 3}" for i in range(200)]
    frame.loc[7, ["size", "note"]] = [900.0, HOSTILE]
    frame.loc[9, "size"] = 0.0
    frame[HOSTILE] = 1
    return check(table_of(frame, "label"), models=False)


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing():
    found = report()
    text = issues_page(found, found.findings, (), "stones & <co>")
    seen = Seen()
    seen.feed(text)
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in seen.tags)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "<title>Data issues: stones &amp; &lt;co&gt;</title>" in text


def test_the_page_shows_the_rows_themselves_worst_first_with_a_plot_for_each_number():
    found = report()
    text = issues_page(found, found.findings, (), "stones")
    assert text.index("row 7") < text.index("row 9")
    assert '<div class="flagged"><dt>size</dt><dd>900</dd>' in text
    plots = [attrs for tag, attrs in seen_tags(text) if tag == "svg"]
    assert plots
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert any("this row has 900" in (plot["aria-label"] or "") for plot in plots)


def seen_tags(text):
    seen = Seen()
    seen.feed(text)
    return seen.tags


def test_many_rows_of_one_kind_do_not_hide_the_next_kind():
    frame = pd.DataFrame({"size": [5 + i / 100 for i in range(400)], "label": ["x", "y"] * 200})
    frame.loc[10:69, "size"] = -999.0
    frame["note"] = [str(i) for i in range(400)]
    frame.loc[399] = frame.loc[0]
    found = check(table_of(frame, "label"), models=False)
    text = issues_page(found, found.findings, (), "stones")
    folded = text.index(
        "<details><summary>55 more like these: placeholder in size; 45 of them here"
    )
    assert text[text.index("Rows, worst first") : folded].count("<article>") == MAX_OPEN
    assert "row 399" in text[text.index("</details>") :]


def test_the_flagged_cell_comes_first_in_its_row():
    found = report()
    text = issues_page(found, found.findings, (), "stones")
    assert 'aria-label="cells of row 7"><div class="flagged"><dt>size</dt>' in text


def test_a_page_without_findings_says_so():
    assert "No issue without a verdict" in issues_page(report(), (), (), "stones")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_browser_runs_nothing_of_the_page(tmp_path):
    found = report()
    title = "<img src=x onerror=\"document.title='XSS'\">"
    text = issues_page(found, found.findings, (), title)
    assert "default-src 'none'" in text
    # Even where a value were not escaped: the policy of the page stops it.
    broken = text.replace("<main>", f"<main>{title}<script>document.title='XSS'</script>")
    for name, content in {"page.html": text, "broken.html": broken}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        done = subprocess.run([*command, f"file://{tmp_path / name}"], capture_output=True)
        assert b"<title>Data issues: " in done.stdout


def pictured(name="pixels"):
    block = np.random.default_rng(3).integers(0, 16, (80, 8, 8)).astype(np.uint8)
    block[7] = 0
    frame = pd.DataFrame({name: pd.Series(ArrayColumn(block))})
    frame["photo"] = [gray_png(one) for one in block]
    frame.loc[9, "photo"] = b"<svg onload=alert(1)>"
    frame["note"] = [f"a note of {n} words " + "<b>word</b> " * 20 for n in range(80)]
    return check(table_of(frame), models=False)


def test_arrays_and_images_are_shown_as_pictures():
    found = pictured()
    text = issues_page(found, found.findings, (), "digits")
    shown = re.findall(
        r'<img src="(data:image/[a-z]+;base64,)[A-Za-z0-9+/=]+" alt="([^"]*)">', text
    )
    assert shown == [
        ("data:image/png;base64,", "pixels as a picture"),
        ("data:image/png;base64,", "pixels as a picture"),
        ("data:image/png;base64,", "photo as a picture"),
    ]
    assert "8 x 8 uint8: 0, 0, 0" in text
    assert "21 bytes: 3c 73 76 67" in text
    assert "&lt;b&gt;word&lt;/b&gt;" in text
    assert 'class="long"' in text
    assert "img-src data:" in text


def test_a_picture_is_nothing_but_base64_of_an_image():
    found = pictured('"><script>')
    text = issues_page(found, found.findings, (), "digits")
    assert "<script>" not in text
    hostile = {'"><script>': "data:image/svg+xml,<svg onload=alert(1)>", "photo": 'x" onerror="y'}
    broken = found.model_copy(update={"pictures": dict.fromkeys(found.cells, hostile)})
    assert "<img" not in issues_page(broken, broken.findings, (), "digits")
