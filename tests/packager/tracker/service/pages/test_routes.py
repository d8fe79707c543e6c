from __future__ import annotations

from tracker_pages import TrackerSite

from packager.tracker.service.pages.routes import Pages


def test_every_page_that_acts_is_reached_by_its_form_only(stranger: TrackerSite):
    routes = Pages(stranger.app.state.context).routes()
    posts = {route.path for route in routes if "POST" in (route.methods or ())}
    assert posts == {
        "/login", "/logout", "/views", "/views/remove", "/issues/{number:int}", "/tokens",
        "/tokens/revoke",
    }  # fmt: skip
    assert all(route.methods in ({"GET", "HEAD"}, {"POST"}) for route in routes)
