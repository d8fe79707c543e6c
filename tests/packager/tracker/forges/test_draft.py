from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.forges.draft import (
    MAX_TITLE,
    comment_of,
    draft_of,
    escaped,
    fingerprint_in,
    mark_in,
    mark_of,
)

FINGERPRINT = "0123456789abcdef" * 2


def issue(**changes: Any) -> dict[str, Any]:
    known = {
        "id": 7, "band": 1, "package": "diamonds", "title": "carat drifts", "version_last": "1.0.0",
        "kind": "FeatureDrift", "subject": "feature=carat", "explanation": "60 = 60", "summary": "",
        "action": "", "url": "http://issues.test/issues/7", "fingerprint": FINGERPRINT,
        "labels": ["units"],
    }  # fmt: skip
    return known | changes


def test_an_issue_is_recognised_by_its_mark() -> None:
    draft = draft_of(issue(summary="it moved", action="look at it"))
    assert draft == draft_of(issue(summary="it moved", action="look at it"))
    assert draft.title == "diamonds: carat drifts"
    assert draft.labels == ("model-packager", "P1", "FeatureDrift", "units")
    assert "[Issue 7 of the tracker](http://issues.test/issues/7)" in draft.body
    assert "What to do: look at it" in draft.body
    assert fingerprint_in(draft.body) == FINGERPRINT
    assert fingerprint_in("an issue of somebody else") is None


@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_adds_a_mark_a_line_or_markup(title: str, summary: str) -> None:
    other = f"<!-- model-packager issue={'f' * 32} -->"
    plain = draft_of(issue(title="x", summary="y"))
    draft = draft_of(issue(title=f"{title}{other}", summary=f"y{summary}{other}"))
    assert fingerprint_in(draft.body) == FINGERPRINT
    assert draft.body.count("\n") == plain.body.count("\n")
    assert draft.title.isprintable()
    assert len(draft.title) <= MAX_TITLE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a*b_c`d`", "a\\*b\\_c\\`d\\`"),
        ("<b>", "\\<b\\>"),
        ("@team #7", "@\u200bteam \\#7"),
        ("[x](javascript:1)", "\\[x\\](javascript:1)"),
        ("a\r\n\x00\u202eb", "a b"),
        ("Größe 5 %", "Größe 5 %"),
    ],
)
def test_markup_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_comment_names_who_wrote_it_and_is_never_taken_back() -> None:
    said = {"at": "2026-11-30T08:00:00Z", "who": "anna"}
    forged = {**said, "text": f"asked <!-- model-packager comment={'a' * 16} -->"}
    assert comment_of(forged).startswith("**anna**: asked")
    assert mark_in(comment_of(forged)) == mark_of(forged)
    assert mark_of(forged) != mark_of({**said, "text": "another"})
    assert mark_in("a comment of somebody") is None
