"""The shares of members as text."""

from __future__ import annotations

from packager.report.attribution import attribution_facts, attribution_text
from tests.support.attribution_samples import attribution


def test_shares_slices_and_members_are_tables() -> None:
    text = "\n\n".join(attribution_text(attribution()))
    assert text.startswith("error by member: mean absolute error 0.375, 1,200 rows\n")
    assert "segmenter    +0.5   0.25 to 0.75       133.3 %" in text
    assert "price      -0.125     -0.25 to 0       -33.3 %" in text
    assert "the rest        0" in text  # not what rounding left
    assert text.index("young") < text.index("old")  # the worst slice first
    assert "accuracy 0.9 (0.88 to 0.92)" in text
    assert "the flow handed it no row" in text
    assert "note: 2 rows without a number" in text


def test_it_says_why_there_are_none() -> None:
    found = attribution(slices=(), not_attributed="no member has a right answer", examples=())
    lines = list(attribution_text(found))
    assert lines[0] == "error by member: not known: no member has a right answer"
    assert dict(attribution_facts(found)) == {"error by": "not known: no member has a right answer"}


def test_one_line_for_inspect() -> None:
    assert dict(attribution_facts(attribution())) == {
        "error by": "segmenter +0.5, price -0.125, the rest 0; mean absolute error 0.375 of 1,200"
        " rows"
    }
