from __future__ import annotations

import pytest
import yaml

from packager.deploy.commented import commented

DOCUMENT = {
    "kind": "A",
    "spec": {"a": 1, "items": [{"name": "x", "a": 2}, {"name": "y"}], "app.io/b": "text"},
    "a": {"a": 3},
}


def test_comments_stand_above_their_keys_at_their_indentation() -> None:
    text = commented(
        DOCUMENT,
        {
            "spec > a": "one",
            "spec > items > a": "of the first item\nin two lines",
            "spec > app.io/b": "dots",
            "a > a": "below",
        },
    )
    assert yaml.safe_load(text) == DOCUMENT
    assert text.splitlines() == [
        "kind: A",
        "spec:",
        "  # one",
        "  a: 1",
        "  items:",
        "    - name: x",
        "      # of the first item",
        "      # in two lines",
        "      a: 2",
        '    - name: "y"',
        "  # dots",
        "  app.io/b: text",
        "a:",
        "  # below",
        "  a: 3",
    ]


def test_a_comment_on_a_key_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="spec > nothing"):
        commented(DOCUMENT, {"spec > nothing": "lost"})


def test_a_text_of_several_lines_is_no_key() -> None:
    document = {"patch": "spec:\n  a: 1\n", "spec": {"a": 2}}
    text = commented(document, {"spec > a": "the second"})
    assert yaml.safe_load(text) == document
    assert text.endswith("spec:\n  # the second\n  a: 2\n")
