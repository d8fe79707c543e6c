from __future__ import annotations

from tracker_pages import NOW

from packager.tracker.core.kinds import family_of
from packager.tracker.service.pages.cause_line import cause_line
from packager.tracker.store.cause_lines import CauseMember, CauseSummary


def member(kind: str, subject: str, share: float = 0.2) -> CauseMember:
    return CauseMember(1, 2, 9.0, "diamonds", family_of(kind), subject, "a title", share)


def test_a_cause_is_said_with_its_number_start_and_largest():
    members = tuple(
        member("FeatureDrift", f"feature={name}", share)
        for name, share in (("carat", 0.2222), ("x", 0.1))
    )
    found = CauseSummary(1, 11, NOW - 1440, members)
    assert cause_line(found, NOW) == "11 inputs moved since 13:36; largest carat, 0.22"


def test_other_families_have_their_words():
    down = member("TargetDown", "package", 0.5)
    other = member("Odd", "package")
    assert cause_line(CauseSummary(1, 2, NOW, (down,)), NOW).startswith("2 alerts of availability")
    assert cause_line(CauseSummary(1, 2, NOW, (other,)), NOW).startswith("2 issues of Odd since")
    assert cause_line(CauseSummary(1, 2, NOW, ()), NOW) == "2 issues since 14:00"
