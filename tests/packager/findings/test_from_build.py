from __future__ import annotations

import pytest
from host_samples import MANIFEST
from tested_packages import failed

from packager.findings.from_build import findings_of_build
from packager.tracker.core.plot import IntervalsPlot
from packager.worker.test.weak_slice import WeakSlice, WeakSlices

WEAK = WeakSlice(
    features=("color",), condition="color == 'E'", rule="\"weak\" = \"color == 'E'\"", rows=90,
    share=0.18, loss=0.3, expected=0.1, excess=0.2, interval=(0.15, 0.25), p=1e-6, q=0.001,
    harmed=18.0,
)  # fmt: skip


def searched(*slices: WeakSlice) -> WeakSlices:
    return WeakSlices(
        against="rest", effect=0.02, level=0.01, rows=500, tried=10, searched=("color",),
        left_out={}, slices=slices,
    )  # fmt: skip


def test_a_weak_slice_has_its_part_of_the_rows_and_the_line_to_paste():
    [found] = findings_of_build(MANIFEST, searched(WEAK), 9.0).findings
    assert (found.kind, found.subject) == ("WeakSlice", "slice=color == 'E'")
    assert (found.share, found.certainty) == (0.18, 0.999)
    assert found.summary.startswith("loss 0.3, expected 0.1; 95 % interval of the excess 0.15")
    assert "color == 'E'" in found.action


def test_weak_slices_are_drawn_beside_each_other_the_issue_first():
    other = WEAK.model_copy(update={"condition": "cut == 'Fair'", "loss": 0.5})
    found = findings_of_build(MANIFEST, searched(WEAK, other), 9.0).findings
    plot = found[1].plot
    assert isinstance(plot, IntervalsPlot)
    assert [(one.name, one.subject) for one in plot.rows] == [
        ("cut == 'Fair'", True), ("color == 'E'", False),
    ]  # fmt: skip
    row = plot.rows[1]
    assert (row.value, row.reference) == (0.3, 0.1)
    assert (row.low, row.high, row.bound) == pytest.approx((0.25, 0.35, 0.12))


def test_a_build_that_searched_nothing_closes_nothing():
    scan = findings_of_build(MANIFEST, None, 9.0).scan
    assert scan is not None
    assert not scan.complete
    scan = findings_of_build(MANIFEST, searched(), 9.0).scan
    assert scan is not None
    assert scan.complete
    assert [one.kind for one in scan.unjudged] == ["SlowerPackage"]


def test_a_package_that_is_slower_than_the_last_one_is_reported():
    slow = failed("since", family="time", subject="stones:1.0", now=1.9, headline=True)
    told = findings_of_build(MANIFEST, searched(WEAK), 9.0, slow)
    assert [one.kind for one in told.findings] == ["WeakSlice", "SlowerPackage"]
    alone = findings_of_build(MANIFEST, None, 9.0, slow)
    assert [one.kind for one in alone.findings] == ["SlowerPackage"]
    assert alone.scan is not None
    assert alone.scan.complete
    assert {one.kind for one in alone.scan.unjudged} == {"SlowerPackage", "WeakSlice"}
    good = slow.model_copy(update={"verdict": "passed"})
    passed = findings_of_build(MANIFEST, None, 9.0, good)
    assert passed.findings == ()
    assert passed.scan is not None
    assert [one.subject for one in passed.scan.proofs] == ["than=stones:1.0"]
