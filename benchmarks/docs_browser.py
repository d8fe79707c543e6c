"""The documentation site in Chromium: widths, light and dark, other hosts, search.

`make docs`, `uv pip install --target DIR playwright`, then
`PYTHONPATH=DIR .venv/bin/python benchmarks/docs_browser.py [--shots FOLDER]`. Serves .docs/site on
127.0.0.1 and looks at every page at 360 and 1,440 px in Debian's Chromium. Exits 1 if a page is
wider than the screen, asks another host for anything or logs an error, or the search finds nothing.
`--shots` keeps pictures of some pages to look at.
"""

from __future__ import annotations

import argparse
import functools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).resolve().parent.parent / ".docs" / "site"
CHROMIUM = "/usr/bin/chromium"
WIDTHS = (360, 1440)
PICTURED = (
    *("index", "tutorial", "comparison", "statistics", "alerts", "architecture", "identity"),
    *("reference/verbs", "reference/alerts", "reference/metrics", "reference/http", "scale"),
)
BROKEN = """() => [...document.images].filter(one => !one.naturalWidth).map(one => one.src)"""


class Quiet(SimpleHTTPRequestHandler):
    """A server of files without a log."""

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--pages", nargs="*")
    chosen = parser.parse_args()
    found = sorted(
        page.relative_to(SITE).with_suffix("").as_posix()
        for page in SITE.rglob("*.html")
        if page.name not in ("search.html", "genindex.html")
    )
    pages = chosen.pages or found
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        faults = [
            *(
                fault
                for width in WIDTHS
                for fault in look(browser, base, pages, width, chosen.shots)
            ),
            *search(browser, base),
        ]
        browser.close()
    server.shutdown()
    for fault in faults:
        print(fault)
    print(f"{len(pages)} pages at {WIDTHS} px, {len(faults)} faults")
    return min(len(faults), 1)


def look(
    browser: Browser, base: str, pages: list[str], width: int, shots: Path | None
) -> list[str]:
    """The faults of pages at a width, light and dark."""
    faults: list[str] = []
    found = faults.append
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.on(
            "request",
            lambda one: None if one.url.startswith((base, "data:")) else found(one.url),
        )
        page.on("pageerror", lambda error: found(str(error)))
        for name in pages if scheme == "light" else [one for one in pages if one in PICTURED]:
            page.goto(f"{base}/{name}.html")
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            if wide > width:
                faults.append(f"{name}: {wide} px wide at {width}")
            faults += [f"{name}: {image} is not there" for image in page.evaluate(BROKEN)]
            if shots and name in PICTURED:
                shots.mkdir(parents=True, exist_ok=True)
                picture = shots / f"{name.replace('/', '-')}-{width}-{scheme}.png"
                page.screenshot(path=picture)
        context.close()
    return faults


def search(browser: Browser, base: str) -> list[str]:
    """The faults of the search: it has to find a page by a word, and to lead there."""
    page = browser.new_page()
    page.goto(f"{base}/search.html?q=krippendorff")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    found = [one.get_attribute("href") or "" for one in page.query_selector_all("ul.search a")]
    page.click("#search-results li a")
    title = page.title()
    page.close()
    if any("labels" in one for one in found) and "404" not in title:
        return []
    return [f"search: {found}, {title}"]


if __name__ == "__main__":
    sys.exit(main())
