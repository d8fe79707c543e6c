"""The documentation site: what is staged for Sphinx, its navigation, a strict build."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from browser import CHROMIUM, folder_site, in_page

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
INDEX = (DOCS / "README.md").read_text(encoding="utf-8")
SHOWN = """({
  wider: document.scrollingElement.scrollWidth > innerWidth,
  unnamed: [...document.images].filter(one => !one.alt).map(one => one.src),
  hosts: performance.getEntriesByType("resource").map(one => new URL(one.name).host)
    .filter(one => one != location.host),
})"""
SEARCHED = """new Promise(told => {
  const looked = setInterval(() => {
    const found = document.querySelectorAll("#search-results li a").length;
    if (found) { clearInterval(looked); told(found); }
  }, 100);
})"""


@pytest.fixture(scope="module")
def site() -> Iterator[ModuleType]:
    sys.path.insert(0, str(TOP / "scripts"))
    import docs_site

    yield docs_site
    sys.path.remove(str(TOP / "scripts"))


def test_every_page_is_in_the_navigation_once(site: ModuleType) -> None:
    pages = site.site_pages()
    names = [name for _, section in site.navigation(INDEX, pages) for name in section]
    assert len(names) == len(set(names))
    assert {f"{name}.md" for name in names} == set(pages.values()) - {"index.md"}


def test_the_navigation_has_the_sections_of_the_index(site: ModuleType) -> None:
    captions = [caption for caption, _ in site.navigation(INDEX, site.site_pages())]
    assert captions[:2] == ["By role", "Tutorial"]
    assert {"Reference", "Explanation", "Decision records"} <= set(captions)


@pytest.mark.parametrize(
    ("written", "staged"),
    [
        ("[a](serving.md#keys)", "[a](serving.md#keys)"),
        ("[a](../CONTRIBUTING.md)", "[a](contributing.md)"),
        ("[a](../README.md)", "[a](overview.md)"),
        ("[a](README.md#reference)", "[a](index.md#reference)"),
        ("[a](../Dockerfile.template)", "[a](files/Dockerfile.template)"),
        ("[a](decisions)", "a"),
        ("![a](rooms.svg)", "![a](rooms.svg)"),
        ("[a](#here) [b](https://example.test/x.md)", "[a](#here) [b](https://example.test/x.md)"),
        ("[`a [b]`](serving.md)", "[`a [b]`](serving.md)"),
        ("```\n[a](../CONTRIBUTING.md)\n```\n", "```\n[a](../CONTRIBUTING.md)\n```\n"),
    ],
)
def test_links_lead_to_names_of_the_site(site: ModuleType, written: str, staged: str) -> None:
    pages, files = site.site_pages(), set()
    assert site.with_site_links(DOCS / "tutorial.md", written, pages, files) == staged
    assert all(file.is_file() for file in files)


def test_links_of_a_page_in_a_folder_lead_up(site: ModuleType) -> None:
    page, pages = DOCS / "decisions" / "006-hot-path.md", site.site_pages()
    text = "[a](../serving.md) [b](../../benchmarks/README.md#peers)"
    expected = "[a](../serving.md) [b](../benchmarks.md#peers)"
    assert site.with_site_links(page, text, pages, set()) == expected


@pytest.mark.long  # test_docs.py follows every link, and a page is built below
def test_the_site_builds_without_a_warning_and_asks_no_other_host(tmp_path: Path) -> None:
    output = tmp_path / "site"
    program = TOP / "scripts" / "docs_site.py"
    done = subprocess.run(
        [sys.executable, program, "--output", output], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    home = (output / "index.html").read_text(encoding="utf-8")
    assert 'href="tutorial.html"' in home
    for page in output.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|source)[^>]* src=\"([^\"]+)|<link[^>]* href=\"([^\"]+)",
            page.read_text(encoding="utf-8"),
        )
        assert [one for pair in loaded for one in pair if "//" in one] == [], page
    for sheet in output.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet
    if CHROMIUM is not None:
        look_at(output)


def look_at(output: Path) -> None:
    """Pages with wide tables, code and pictures on a phone and a desk; the search finds a word."""
    with folder_site(output) as origin:
        for page in ("index", "tutorial", "architecture", "deploy", "serving", "reference/verbs"):
            for width in (360, 1_280):
                found = in_page(f"{origin}/{page}.html", SHOWN, width)
                assert found == {"wider": False, "unnamed": [], "hosts": []}, (page, width)
        assert in_page(f"{origin}/search.html?q=canary", SEARCHED) > 0


@pytest.mark.slow
def test_a_dead_link_fails_the_build(tmp_path: Path) -> None:
    """With a page of its own: Sphinx says the same of each of the site's pages."""
    text = "# Page\n\n[a](gone.md)\n\n[a](#absent)\n\n![a](gone.svg)\n"
    (tmp_path / "index.md").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*command, "-c", DOCS, tmp_path, tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    for line, said in ((3, "'gone.md'"), (5, "'absent'"), (7, "gone.svg")):
        assert re.search(rf"index\.md:{line}: .*{re.escape(said)}", done.stderr), done.stderr
