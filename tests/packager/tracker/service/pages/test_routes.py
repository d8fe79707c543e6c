from __future__ import annotations

from pathlib import Path

import pytest
from postgres_servers import new_database
from tracker_pages import NOW, TrackerSite, text_of

from packager.tracker.core.actions import AddLabel, Assign, Resolve
from packager.tracker.service.pages.routes import Pages
from packager.tracker.store.postgres import PostgresStore


def test_every_page_that_acts_is_reached_by_its_form_only(stranger: TrackerSite):
    routes = Pages(stranger.app.state.context).routes()
    posts = {route.path for route in routes if "POST" in (route.methods or ())}
    assert posts == {
        "/login", "/logout", "/views", "/views/remove", "/issues/{number:number}", "/tokens",
        "/tokens/revoke",
    }  # fmt: skip
    assert all(route.methods in ({"GET", "HEAD"}, {"POST"}) for route in routes)


@pytest.mark.server
def test_the_pages_are_the_same_on_postgresql(stranger: TrackerSite, postgres: str, tmp_path: Path):
    other = TrackerSite(tmp_path, store=PostgresStore(new_database(postgres, "pages")))
    found = []
    for site in (stranger, other):
        site.log_in()
        plot = {"plot": "bins", "title": "t", "bins": ["a"], "reference": [1], "live": [0.5]}
        for place in range(30):
            site.now = NOW + place
            site.report(subject=f"feature=x{place}", share=(place + 1) / 100, plot=plot)
        site.report(kind="TargetDown", version="2.0")
        site.act(1, AddLabel(label="retrain"), Assign(owner="grace"), Resolve())
        site.post("/views", name="drift", query="kind=FeatureDrift")
        paths = ("/", "/?kind=FeatureDrift&state=all", "/?label=retrain&state=resolved",
                 "/?owner=&q=carat", "/issues/1", "/issues/30", "/packages",
                 "/package?name=diamonds", "/package?name=a%00b")  # fmt: skip
        answers = [site.client.get(path) for path in paths]
        found.append([(one.status_code, text_of(one.text)) for one in answers])
    other.close()
    assert found[0] == found[1]
    assert [status for status, _ in found[0]] == [200] * 8 + [404]
