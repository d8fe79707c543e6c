"""The shares of members in Markdown."""

from __future__ import annotations

from packager.testing.markdown_members import members_markdown
from tests.support.attribution_samples import attribution, slice_of


def test_tables_of_shares_and_of_members() -> None:
    text = members_markdown(attribution())
    assert text.startswith("### Error by member\n\nShapley shares of the mean absolute error")
    assert "| slice | rows | error | segmenter | price | the rest |" in text
    assert "+0.5000 (0.2500 to 0.7500) | -0.1250 (-0.2500 to 0) | 0 (0 to 0) |" in text
    assert "| segmenter | 1,200 | accuracy 0.9000 |" in text


def test_names_are_escaped() -> None:
    found = attribution(slices=(slice_of("a|b"),), not_attributed="<img>")
    text = members_markdown(found)
    assert "a|b" not in text
    assert "<img>" not in text
