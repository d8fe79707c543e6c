"""The page of a model card: its texts are escaped, and it needs nothing from elsewhere."""

from __future__ import annotations

from page_samples import card

from packager.report.card_page import as_page

HOSTILE = "<script>alert(1)</script>"
CARD = card(HOSTILE)


def test_every_text_of_the_package_is_escaped():
    text = as_page(CARD)
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10


def test_two_columns_are_names_and_values_whose_empty_lines_begin_paragraphs():
    text = as_page(CARD)
    assert "<dd><p>one line</p><p>&lt;script&gt;" in text
    assert "<dt>n</dt><dd><p>1.500</p></dd>" in text
    assert text.count("<table>") == 1
    assert "<h2>empty</h2>" not in text


def test_the_page_is_one_file_for_small_screens_dark_mode_and_paper():
    text = as_page(CARD)
    assert "default-src 'none'" in text
    assert "http://" not in text
    assert "https://" not in text
    for need in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem"):
        assert need in text
