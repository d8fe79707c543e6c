"""The list of issues: what is wrong, in order of what matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from packager.tracker.core.issue import ACTIVE, Issue, State
from packager.tracker.core.moments import DAY
from packager.tracker.core.priority import BANDS
from packager.tracker.core.texts import MAX_NAME, storable
from packager.tracker.service.api import parse_query
from packager.tracker.service.auth import Principal
from packager.tracker.service.pages.address import ListAddress
from packager.tracker.service.pages.cause_line import cause_line
from packager.tracker.service.pages.forms import SentForm
from packager.tracker.service.pages.priority_bars import why_first
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.pages.sparkline import sparkline
from packager.tracker.service.problems import RefusedError
from packager.tracker.sources.source_health import outages
from packager.tracker.store.cause_lines import CauseSummary, cause_summaries
from packager.tracker.store.facets import (
    kinds_in_use,
    labels_in_use,
    owners_in_use,
    recent_points,
)
from packager.tracker.store.reader import StoreReader, Tally
from packager.tracker.store.saved_views import (
    SavedView,
    TooManyViewsError,
    remove_view,
    save_view,
    saved_views,
)
from packager.tracker.store.selection import Cursor, Selection

TABS = {
    "Open": None,
    "Snoozed": State.SNOOZED,
    "Ignored": State.IGNORED,
    "Resolved": State.RESOLVED,
    "All": "all",
}
"""Tab → the value of ``state``."""
MAX_PACKAGES = 12
_UNFOLDING = ("kind", "owner", "label", "cause", "q")
"""Filters that select single issues, so that a cause isn't one line."""


@dataclass(frozen=True)
class ListRow:
    """A line of the list."""

    issue: Issue
    spark: Markup
    cause: CauseSummary | None
    line: str
    """The line of its cause; empty without one."""


class ListPage:
    """The handlers of the list and of saved views."""

    def __init__(self, site: PageSite) -> None:
        self._site = site
        self._tracker = site.context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        action = self._site.action
        return [
            Route("/", self._site.page(self.show), methods=["GET"]),
            Route("/views", action(self.save), methods=["POST"]),
            Route("/views/remove", action(self.remove), methods=["POST"]),
        ]

    async def show(self, request: Request, who: Principal) -> Response:
        """``GET /``."""
        address = ListAddress(request.query_params.multi_items())
        selection, after = selection_of(request, address)
        html = await self._tracker.read(self._render, who, address, selection, after)
        return HTMLResponse(html)

    def _render(
        self,
        store: StoreReader,
        who: Principal,
        address: ListAddress,
        selection: Selection,
        after: Cursor | None,
    ) -> str:
        page = store.page(selection, after)
        now = self._tracker.clock()
        rows = rows_of(store, page.issues, folded=selection.folded, now=now)
        tallies = store.tallies(selection.package)
        views = saved_views(store)
        first = rows[0] if rows and after is None and selection.active_only else None
        values = {
            "title": "Issues",
            "public_url": self._site.context.settings.public_url.rstrip("/"),
            "address": address,
            "q": selection.text,
            "rows": rows,
            "first": first,
            "why": "" if first is None else why_first(first.issue),
            "next": "" if page.next is None else address.after(page.next.encode()),
            "later": after is not None,
            "tabs": _tabs(address, tallies),
            "bands": _bands(address, selection, tallies),
            "counted": not any(address.values(name) for name in _UNFOLDING),
            "chips": _chips(address),
            "away": outages(store),
            "views": [(view, view.query == address.query) for view in views],
            "packages": _packages(store.tallies() if selection.package else tallies),
            "kinds": kinds_in_use(store),
            "owners": owners_in_use(store),
            "labels": labels_in_use(store),
            "nothing_at_all": not rows and not tallies and not store.tallies(),
        }
        return self._site.render("list.html", who, values)

    async def save(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /views``: ``name`` and the ``query`` of the list that it stands for."""
        name = str(storable(form.text("name")))
        if not 0 < len(name) <= MAX_NAME:
            raise RefusedError(
                400, "malformed", f"Give the view a name of at most {MAX_NAME} characters."
            )
        address = _address_of(form.exactly("query"))
        now = self._tracker.clock()
        view = SavedView(name, address.query, who.name)
        try:
            await self._tracker.write(save_view, view, now)
        except TooManyViewsError as error:
            raise RefusedError(409, "refused", f"{error}; remove one first.") from None
        return RedirectResponse(str(address), 303)

    async def remove(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /views/remove``: ``name``."""
        await self._tracker.write(remove_view, str(storable(form.exactly("name"))))
        return RedirectResponse(str(_address_of(form.exactly("query"))), 303)


def selection_of(request: Request, address: ListAddress) -> tuple[Selection, Cursor | None]:
    """The selection in an address of the list; raises ``RefusedError``."""
    selection, after = parse_query(request)
    changes: dict[str, object] = {}
    if "order" not in request.query_params and set(selection.states) == {State.RESOLVED}:
        changes["order"] = "recent"
    if selection.active_only and not any(address.values(name) for name in _UNFOLDING):
        changes["folded"] = True
    return selection.model_copy(update=changes), after


def rows_of(
    store: StoreReader, issues: Iterable[Issue], *, folded: bool, now: float
) -> list[ListRow]:
    """Lines of the list; the number of statements doesn't depend on the number of issues."""
    issues = list(issues)
    causes = cause_summaries(store, [one.cause for one in issues]) if folded else {}
    points = recent_points(store, [one.id for one in issues], now - DAY)
    rows = []
    for issue in issues:
        summary = causes.get(issue.cause)
        line = "" if summary is None else cause_line(summary, now)
        rows.append(ListRow(issue, sparkline(points[issue.id], now), summary, line))
    return rows


def _address_of(query: str) -> ListAddress:
    try:
        return ListAddress.of(query)
    except ValueError:
        raise RefusedError(400, "malformed", "query: expected the query of a list") from None


def _tabs(address: ListAddress, tallies: list[Tally]) -> list[tuple[str, ListAddress, int, bool]]:
    chosen = address.values("state")
    tabs = []
    for name, value in TABS.items():
        states = ACTIVE if value is None else set(State) if value == "all" else {value}
        n = sum(one.n for one in tallies if one.state in states)
        there = chosen == ([] if value is None else [value])
        tabs.append((name, address.with_one("state", value), n, there))
    return tabs


def _bands(
    address: ListAddress, selection: Selection, tallies: list[Tally]
) -> list[tuple[int, ListAddress, int, bool]]:
    states = set(selection.states) or set(State)
    bands = []
    for band in BANDS:
        n = sum(one.n for one in tallies if one.band == band and one.state in states)
        there = selection.bands == (band,)
        link = address.with_one("band", None if there else f"P{band}")
        bands.append((band, link, n, there))
    return bands


def _chips(address: ListAddress) -> list[tuple[str, str, ListAddress]]:
    """The filters that are set, each with the address without it."""
    chips = []
    for name, value in address.pairs:
        if name not in ("state", "band", "order"):
            shown = value or ("nobody" if name == "owner" else "empty")
            chips.append(("search" if name == "q" else name, shown, address.with_one(name, None)))
    return chips


def _packages(tallies: list[Tally]) -> list[tuple[str, int]]:
    """The packages with the most open issues, and their number."""
    counts: dict[str, int] = {}
    for one in tallies:
        if one.state in ACTIVE:
            counts[one.package] = counts.get(one.package, 0) + one.n
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_PACKAGES]
