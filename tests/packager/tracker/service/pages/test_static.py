from __future__ import annotations

import re

from tracker_pages import TrackerSite


def test_style_and_script_are_kept_for_ever_under_the_address_of_their_content(site: TrackerSite):
    html = site.page("/")
    found = re.findall(r'(?:href|src)="(/static/[\w.]+\?[0-9a-f]{12})"', html)
    assert [one.partition("?")[0] for one in found] == [
        "/static/icon.svg",
        "/static/issues.css",
        "/static/keys.js",
    ]
    for path in found:
        answer = site.client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert site.client.get("/static/../site.py").status_code == 404
    assert site.client.get("/static/site.py").status_code == 404


def test_the_style_begins_with_that_of_all_pages_of_the_product(site: TrackerSite):
    style = site.client.get("/static/issues.css").text
    assert style.startswith(":root { color-scheme: light dark;")
    assert "prefers-reduced-motion" in style
    assert "@media print" in style
