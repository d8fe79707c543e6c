"""A model card as Markdown: texts of the package are no markup there."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from packager.report.card import CardBlock, ModelCard
from packager.report.card_markdown import as_markdown
from packager.report.card_tables import CardTable


def card(text: str) -> ModelCard:
    table = CardTable(("a", "b"), ((text, 1.5), ("two\n\nlines", text)))
    return ModelCard("t", text, {"version": text}, (CardBlock("Use", (text,), (table,)),), "root 1")


def test_a_card_has_headings_paragraphs_and_tables():
    assert as_markdown(card("x")) == (
        "# t\n\nx\n\n| fact | value |\n| --- | --- |\n| version | x |\n\n## Use\n\nx\n\n"
        "| a | b |\n| --- | --- |\n| x | 1.500 |\n| two<br>lines | x |\n\n`root 1`\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](y)",
        "[x](javascript:y)",
        "a | b",
        "`code`",
        "**bold** _it_ ~~gone~~",
        "&lt;b&gt;",
        "# heading",
        "- item",
        "1. item",
        "> quote",
        "---",
        "    code",
    ],
)
def test_texts_of_the_package_are_shown_as_they_are(text: str):
    made = MarkdownIt("commonmark").enable("table").render(as_markdown(card(text)))
    for tag in ("<script", "<img", "<a ", "<code>c", "<strong", "<em", "<li", "<blockquote", "<hr"):
        assert tag not in made
    assert made.count("<h1>") == made.count("<h2>") == 1
    assert made.count("<td>") == 6
