from __future__ import annotations

import pytest
from tested_packages import check, failed

from packager.findings.from_time import finding_of_time, is_since, proof_of_time
from packager.tracker.core.finding import ScanReport
from packager.tracker.core.plot import IntervalsPlot

SCAN = ScanReport(
    package="stones", version="1.1-ab", source="build", scope="held-out rows", complete=True, at=9.0
)
SLOW = failed(
    "processor time since stones:1.0", family="time", subject="stones:1.0", metric="cpu_ratio",
    baseline=1.0, now=1.9, difference=0.9, worse=1, interval=(0.7, 1.1), limit=0.5, rows=6, q=0.001,
    headline=True,
)  # fmt: skip


def test_a_slower_package_names_the_one_that_it_is_compared_with():
    found = finding_of_time(SLOW, SCAN)
    assert (found.kind, found.subject) == ("SlowerPackage", "than=stones:1.0")
    assert (found.source, found.key, found.version) == ("build", "held-out rows", "1.1-ab")
    assert (found.title, found.severity) == ("slower than stones:1.0", "ticket")
    assert (found.share, found.certainty) == (1.0, 0.999)
    assert found.evidence == "6 pairs of runs in turn, q = 0.001"
    assert found.values == {"ratio": 1.9, "limit": 0.5, "q": 0.001, "pairs": 6.0}


def test_its_plot_has_the_ratio_with_its_interval_beside_the_allowed_one():
    plot = finding_of_time(SLOW, SCAN).plot
    assert isinstance(plot, IntervalsPlot)
    [row] = plot.rows
    assert (row.low, row.value, row.high) == pytest.approx((1.7, 1.9, 2.1))
    assert (row.reference, row.bound) == pytest.approx((1.0, 1.5))
    assert finding_of_time(SLOW.model_copy(update={"now": None}), SCAN).plot is None


def test_a_warning_is_information_and_a_comparison_that_passed_proves():
    warned = SLOW.model_copy(update={"verdict": "warned", "q": None})
    assert (finding_of_time(warned, SCAN).severity, finding_of_time(warned, SCAN).certainty) == (
        "info", 1.0,
    )  # fmt: skip
    proof = proof_of_time(SLOW.model_copy(update={"verdict": "passed"}), SCAN)
    assert (proof.kind, proof.subject) == ("SlowerPackage", "than=stones:1.0")
    assert proof.text.startswith("time passed in the build of 1.1-ab: ")


def test_only_a_comparison_with_another_package_is_one():
    assert is_since(SLOW)
    assert not is_since(check(family="time", subject=""))
    assert not is_since(check(subject="stones:1.0"))
