from __future__ import annotations

from packager.tracker.service.pages.prose import link, prose
from packager.tracker.service.settings import ServiceSettings

SETTINGS = ServiceSettings(link_prefixes=("https://wiki.test/",))


def test_lines_code_and_trusted_addresses():
    text = "See https://wiki.test/a?b=1&c=2.\r\nRun `package drift <URL>`, not https://evil.test/"
    assert prose(text, SETTINGS) == (
        'See <a href="https://wiki.test/a?b=1&amp;c=2" rel="noopener noreferrer">'
        "https://wiki.test/a?b=1&amp;c=2</a>.<br>"
        "Run <code>package drift &lt;URL&gt;</code>, not https://evil.test/"
    )


def test_markup_quotes_and_controls_are_text():
    html = prose('<b onclick="x"> \u202e https://wiki.test/"onclick=x', SETTINGS)
    assert html == (
        "&lt;b onclick=&#34;x&#34;&gt; \\u202e "
        '<a href="https://wiki.test/" rel="noopener noreferrer">https://wiki.test/</a>'
        "&#34;onclick=x"
    )


def test_a_link_that_is_not_trusted_is_text():
    assert link("https://wiki.test/x", "a<b", SETTINGS) == (
        '<a href="https://wiki.test/x" rel="noopener noreferrer">a&lt;b</a>'
    )
    assert "href" not in link("https://evil.test/x", "panel", SETTINGS)
    assert "https://evil.test/x" in link("https://evil.test/x", "panel", SETTINGS)
