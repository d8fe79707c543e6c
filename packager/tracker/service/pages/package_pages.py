"""The pages of packages: all of them, and one with its versions, figures and issues."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from packager.tracker.core.issue import ACTIVE, State
from packager.tracker.core.priority import BANDS
from packager.tracker.core.texts import MAX_NAME, storable
from packager.tracker.service.auth import Principal
from packager.tracker.service.pages.address import ListAddress
from packager.tracker.service.pages.list_page import rows_of
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.problems import RefusedError
from packager.tracker.sources.source_health import outages
from packager.tracker.store.package_figures import time_to_resolve
from packager.tracker.store.reader import StoreReader, Tally
from packager.tracker.store.selection import Selection

MAX_PACKAGES = 500
MAX_VERSIONS = 50


class PackagePages:
    """The handlers."""

    def __init__(self, site: PageSite) -> None:
        self._site = site
        self._tracker = site.context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/packages", self._site.page(self.show_all), methods=["GET"]),
            Route("/package", self._site.page(self.show), methods=["GET"]),
        ]

    async def show_all(self, request: Request, who: Principal) -> Response:
        """``GET /packages``."""
        return HTMLResponse(await self._tracker.read(self._render_all, who))

    async def show(self, request: Request, who: Principal) -> Response:
        """``GET /package?name=``; a parameter, because a name can be any text, such as ``..``."""
        name = str(storable(request.query_params.get("name", "")))
        return HTMLResponse(await self._tracker.read(self._render, who, name))

    def _render_all(self, store: StoreReader, who: Principal) -> str:
        by_package: dict[str, list[Tally]] = {}
        for one in store.tallies():
            by_package.setdefault(one.package, []).append(one)
        rows = [(name, open_by_band(some), closed(some)) for name, some in by_package.items()]
        rows.sort(key=lambda row: ([-n for n in row[1]], row[0]))
        values = {
            "title": "Packages",
            "rows": rows[:MAX_PACKAGES],
            "left": max(0, len(rows) - MAX_PACKAGES),
            "away": outages(store),
        }
        return self._site.render("packages.html", who, values)

    def _render(self, store: StoreReader, who: Principal, name: str) -> str:
        tallies = store.tallies(name)
        versions = store.version_times(name)
        if not 0 < len(name) <= MAX_NAME or not (tallies or versions):
            raise RefusedError(404, "not_found", "No source has reported anything of this package.")
        page = store.page(Selection(package=name, folded=True))
        now = self._tracker.clock()
        address = ListAddress([("package", name)])
        values = {
            "title": name,
            "rows": rows_of(store, page.issues, folded=True, now=now),
            "more": page.next is not None,
            "address": address,
            "bands": [
                (band, address.with_one("band", f"P{band}"), n)
                for band, n in zip(BANDS, open_by_band(tallies), strict=True)
            ],
            "resolved": address.with_one("state", "resolved"),
            "closed": closed(tallies),
            "lasted": time_to_resolve(store, name),
            "versions": list(reversed(versions))[:MAX_VERSIONS],
            "away": outages(store),
        }
        return self._site.render("package.html", who, values)


def open_by_band(tallies: list[Tally]) -> list[int]:
    """The number of open issues in each band."""
    return [sum(t.n for t in tallies if t.band == band and t.state in ACTIVE) for band in BANDS]


def closed(tallies: list[Tally]) -> int:
    """The number of resolved issues."""
    return sum(one.n for one in tallies if one.state == State.RESOLVED)
