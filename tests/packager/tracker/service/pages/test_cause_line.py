from __future__ import annotations

from tracker_pages import NOW, finding

from packager.tracker.core.states import opened
from packager.tracker.service.pages.cause_line import cause_line
from packager.tracker.store.cause_lines import CauseSummary


def test_a_cause_is_said_with_its_number_start_and_largest():
    members = tuple(
        opened(finding(subject=f"feature={name}", share=share), NOW).issue
        for name, share in (("carat", 0.2222), ("x", 0.1))
    )
    found = CauseSummary(1, 11, NOW - 1440, members)
    assert cause_line(found, NOW) == "11 inputs moved since 13:36; largest carat, 0.22"


def test_other_families_have_their_words():
    down = opened(finding(kind="TargetDown", subject="package", share=0.5), NOW).issue
    other = opened(finding(kind="Odd", subject="package"), NOW).issue
    assert cause_line(CauseSummary(1, 2, NOW, (down,)), NOW).startswith("2 alerts of availability")
    assert cause_line(CauseSummary(1, 2, NOW, (other,)), NOW).startswith("2 issues of Odd since")
    assert cause_line(CauseSummary(1, 2, NOW, ()), NOW) == "2 issues since 14:00"
