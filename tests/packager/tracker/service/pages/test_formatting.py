from __future__ import annotations

import pytest
from markupsafe import Markup

from packager.tracker.service.pages.formatting import (
    ago,
    clock,
    duration,
    is_trusted,
    percent,
    short_clock,
    shortened,
    shown,
    small,
)
from packager.tracker.service.settings import ServiceSettings

NOW = 1_795_960_800.0
SETTINGS = ServiceSettings(
    public_url="https://issues.test",
    prometheus="http://prometheus:9090",
    link_prefixes=("https://grafana.test/d/", "https://wiki.test"),
)


def test_texts_show_what_is_not_printable():
    assert shown("a\u202eb\x1b") == "a\\u202eb\\x1b"
    assert shown(Markup("<b>\n")) == "<b>\n"
    assert shown(3) == 3
    assert shortened("x" * 200, 10) == "x" * 9 + "…"
    assert len(shortened("\u202e" * 200, 10)) == 10


def test_numbers_have_two_significant_digits():
    assert [small(one) for one in (100, 40.4, 10.79, 9.95, 9.24, 0.0528, 0)] == [
        "100", "40", "11", "10", "9.2", "0.053", "0",
    ]  # fmt: skip
    assert percent(0.0011) == "0.11 %"


def test_times_are_short():
    assert [duration(one) for one in (-5, 59, 3600, 5400, 86_400, 864_000)] == [
        "0 min", "1 min", "60 min", "2 h", "24 h", "10 d",
    ]  # fmt: skip
    assert ago(NOW - 30, NOW) == Markup(
        '<time datetime="2026-11-29T13:59:30Z" title="2026-11-29T13:59:30Z">just now</time>'
    )
    assert clock(NOW) == "2026-11-29 14:00 UTC"
    assert short_clock(NOW - 3600, NOW) == "13:00"
    assert short_clock(NOW - 3 * 86_400, NOW) == "Nov 26 14:00"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://grafana.test/d/abc?x=1", True),
        ("https://GRAFANA.test/d/abc", True),
        ("https://grafana.test/login", False),
        ("http://grafana.test/d/abc", False),
        ("https://grafana.test.evil.test/d/abc", False),
        ("https://grafana.test:444/d/abc", False),
        ("https://grafana.test@evil.test/d/abc", False),
        ("https://evil.test/https://grafana.test/d/abc", False),
        ("https://grafana.test\\@evil.test/d/", False),
        ("https://wiki.test", True),
        ("https://wiki.test/page", True),
        ("http://prometheus:9090/graph", True),
        ("https://issues.test/issues/1", True),
        ("javascript:alert(1)", False),
        ("//grafana.test/d/abc", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_link_is_trusted_by_its_whole_host(url: str, trusted: bool):
    assert is_trusted(url, SETTINGS) is trusted
