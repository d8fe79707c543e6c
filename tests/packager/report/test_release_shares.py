"""The shares of a change as text."""

from __future__ import annotations

from packager.report.release_shares import as_json, as_text
from packager.testing.release_report import ChangedMember, ChangeShares, OwnChange, ReleaseShares
from packager.worker.test.attribution_records import PlayerShare

SHARES = (
    PlayerShare(name="price", value=0.75, interval=(0.5, 1.0)),
    PlayerShare(name="", value=0.25, interval=None),
)
ALL = ChangeShares(slice="__all__", rows=100, change=1.0, shares=SHARES)
OLD = ChangeShares(slice="old", rows=10, change=-2.0, shares=SHARES)


def test_a_table_of_the_answers_and_one_of_the_error() -> None:
    found = ReleaseShares(
        before="a", after="b", flow=True, rows=100, answers="mean absolute change",
        members=(ChangedMember(name="price", before="1 (aa)", after="2 (bb)"),),
        change=(ALL, OLD), loss="mean absolute error", labelled=100, error=(ALL,),
        own=(OwnChange(name="price", rows=90, before=1.0, after=0.5, interval=(-0.6, -0.4)),),
        sentences=("price got better",),
    )  # fmt: skip
    text = as_text(found)
    assert text.startswith("changed from A to B:\n  price: 1 (aa) → 2 (bb)\n  the flow, its")
    assert "change of the answers (mean absolute change): +1, 100 rows" in text
    assert "price     +0.75       0.5 to 1         75.0 %" in text
    assert "the flow  +0.25" in text
    assert "change of the error (mean absolute error): +1, 100 rows" in text
    assert "-0.6 to -0.4" in text
    assert text.endswith("price got better")
    assert as_json(found)["error"][0]["shares"][0]["interval"] == [0.5, 1.0]


def test_nothing_changed() -> None:
    found = ReleaseShares(before="a", after="b", flow=False, rows=0, members=())
    assert as_text(found) == (
        "the two have the same members and the same flow: no share of a change"
    )
