"""Every page, with hostile values, in Chromium at the width of a phone and of a desk.

No script of a value runs, nothing is sent, no element is wider than the page unless it scrolls, and
numbers of tables stand to the right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import folder_site, in_page, needs_browser
from page_samples import card_html, issues, lineage_html, page_of_a_test, replay

WIDTHS = (360, 1_280)
VALUE = "</script><img src=x onerror='document.title=\"RAN\"'><svg onload=alert(1)>" + "W" * 300
PAGES: dict[str, Callable[[str], str]] = {
    "issues": issues,
    "replay": replay,
    "lineage": lineage_html,
    "test": page_of_a_test,
    "card": card_html,
}
LOOK = """
(async () => {
  const NUMBER = /^[\\u2212-]?[0-9][0-9,.]*( ?%)?$/;
  const frames = [];
  for (const source of PAGES) {
    const frame = document.createElement('iframe');
    frame.style = `border: 0; height: 900px; width: ${WIDTH}px`;
    await new Promise(done => {
      frame.onload = done;
      frame.src = source;
      document.body.append(frame);
    });
    const page = frame.contentDocument, top = page.documentElement;
    const scrolls = node => { for (let at = node; at && at !== top; at = at.parentElement)
      if (['auto', 'scroll', 'hidden'].includes(frame.contentWindow.getComputedStyle(at).overflowX))
        return true; return false };
    const wide = [...page.body.querySelectorAll('*')].filter(
      node => node.getBoundingClientRect().right > top.clientWidth + 1 && !scrolls(node));
    const left = [...page.querySelectorAll('table')].flatMap(table => {
      const columns = {};
      for (const cell of table.querySelectorAll('td')) {
        const text = cell.innerText.trim();
        if (text) (columns[cell.cellIndex] ??= []).push([cell, text]);
      }
      return Object.values(columns).filter(
        column => column.length > 1 && column.every(([, text]) => NUMBER.test(text))
      ).flat().filter(([cell]) =>
        !['right', 'end'].includes(frame.contentWindow.getComputedStyle(cell).textAlign)
      ).map(([, text]) => text);
    });
    frames.push({
      title: page.title, ran: page.title === 'RAN' || document.title === 'RAN',
      images: page.images.length, scripts: page.scripts.length,
      sent: frame.contentWindow.performance.getEntriesByType('resource').map(one => one.name),
      page: [top.scrollWidth, top.clientWidth],
      wide: wide.slice(0, 5).map(node => node.tagName + '.' + node.className),
      left: left.slice(0, 5), height: top.scrollHeight,
    });
  }
  return frames;
})()
"""


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_show_hostile_values_as_text_and_fit(tmp_path: Path, width: int) -> None:
    names = []
    for name, made in PAGES.items():
        (tmp_path / f"{name}.html").write_text(made(VALUE))
        names.append(f"{name}.html")
    (tmp_path / "all.html").write_text("<!doctype html><title>all</title><body style='margin: 0'>")
    found = seen(tmp_path / "all.html", names, width)
    for name, page in zip(names, found, strict=True):
        assert page["title"], name
        assert not page["ran"], name
        assert (page["images"], page["scripts"], page["sent"]) == (0, 0, []), name
        assert page["height"] > 100, name
        assert page["wide"] == [], (name, page["wide"])
        assert page["page"][0] <= page["page"][1] + 1, (name, page["page"])
        assert page["left"] == [], (name, page["left"])


def seen(page: Path, names: list[str], width: int) -> list[dict[str, Any]]:
    """What the pages beside ``page`` look like, one after another in frames of ``width`` pixels."""
    script = LOOK.replace("PAGES", repr(names)).replace("WIDTH", str(width))
    with folder_site(page.parent) as origin:
        found: list[dict[str, Any]] = in_page(f"{origin}/{page.name}", script, 1_400)
    return found
