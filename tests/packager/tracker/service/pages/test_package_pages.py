"""The pages of packages: numbers by band, versions, time to resolve."""

from __future__ import annotations

import pytest
from tracker_pages import NOW, TrackerSite, text_of

from packager.tracker.core.actions import Resolve
from packager.tracker.core.moments import HOUR

pytestmark = pytest.mark.slow


def test_packages_are_in_order_of_their_urgent_issues(site: TrackerSite):
    site.report(package="calm", share=0.01)
    site.report(package="busy", share=1.0, certainty=1.0)
    said = text_of(site.page("/packages"))
    assert said.index("busy") < said.index("calm")
    assert 'href="/?package=busy&amp;band=P1"' in site.page("/packages")


def test_a_package_has_its_figures_versions_and_issues(site: TrackerSite):
    for place, lasted in enumerate((1, 2, 9)):
        site.now = NOW
        site.report(kind=f"Kind{place}", version=f"1.{place}")
        site.now = NOW + lasted * HOUR
        site.act(place + 1, Resolve())
    site.report(kind="FeatureDrift", subject="feature=x", version="1.0", title="still there")
    said = text_of(site.page("/package?name=diamonds"))
    assert "P1 open 0 P2 open 1 P3 open 0 P4 open 0 resolved 3" in said
    assert "time to resolve, median 2 h of 3" in said
    assert "still there" in said
    assert said.index("1.2 2026") < said.index("1.1 2026") < said.index("1.0 2026")


def test_a_name_can_be_any_text(site: TrackerSite):
    for name in ("..", "a/b", "<b>&", "%2e", "name?x=1#y"):
        site.report(package=name)
        assert site.client.get("/package", params={"name": name}).status_code == 200
    for name in ("", "absent", "x" * 5000):
        assert site.client.get("/package", params={"name": name}).status_code == 404
