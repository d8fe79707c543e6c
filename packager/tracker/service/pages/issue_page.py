"""The page of an issue: why it is where it is, what to do, and what happened."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from packager.tracker import intake
from packager.tracker.core.actions import ActionError
from packager.tracker.core.issue import Issue
from packager.tracker.core.priority import explanation
from packager.tracker.service.auth import Principal
from packager.tracker.service.numbers import NUMBER
from packager.tracker.service.pages.action_forms import action_of
from packager.tracker.service.pages.cause_line import cause_line
from packager.tracker.service.pages.commands import commands
from packager.tracker.service.pages.forms import SentForm, local_path
from packager.tracker.service.pages.plots.draw import draw
from packager.tracker.service.pages.priority_bars import band_reason, factors
from packager.tracker.service.pages.prose import link, prose
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.pages.state_words import state_words
from packager.tracker.service.problems import RefusedError, malformed
from packager.tracker.sources.source_health import outages
from packager.tracker.store.cause_lines import cause_summaries
from packager.tracker.store.plots import plot_of
from packager.tracker.store.reader import MAX_EVENTS, StoreReader

MAX_NUMBER = 2**62
"""Above it no issue has a number, and no database keeps one."""


class IssuePages:
    """The handlers."""

    def __init__(self, site: PageSite) -> None:
        self._site = site
        self._tracker = site.context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        path = f"/issues/{{number:{NUMBER}}}"
        return [
            Route(path, self._site.page(self.show), methods=["GET"]),
            Route(path, self._site.action(self.act), methods=["POST"]),
        ]

    async def show(self, request: Request, who: Principal) -> Response:
        """``GET /issues/N``; ``before``: an event, whose earlier ones are shown."""
        before = request.query_params.get("before", "")
        if before and not (before.isdecimal() and before.isascii() and len(before) <= 18):
            raise RefusedError(400, "malformed", "before: expected the number of an event")
        html = await self._tracker.read(
            self._render, who, _number(request), int(before) if before else None
        )
        return HTMLResponse(html)

    async def act(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /issues/N``: one of the forms; then the page again, or the list."""
        number = _number(request)
        now = self._tracker.clock()
        try:
            action = action_of(form, who.name, now)
            issue = await self._site.context.write_as(
                who, intake.act, number, action, who.name, now
            )
        except ActionError as error:
            raise RefusedError(409, "refused", f"The issue can't take this: {error}.") from None
        except (ValidationError, ValueError) as error:
            raise malformed(error) from None
        if issue is None:
            raise _unknown(number)
        path = local_path(form.text("next")) if form.text("next") else f"/issues/{number}"
        return RedirectResponse(path, 303)

    def _render(self, store: StoreReader, who: Principal, number: int, before: int | None) -> str:
        issue = store.issue(number)
        if issue is None:
            raise _unknown(number)
        now = self._tracker.clock()
        settings = self._site.context.settings
        stored_plot = plot_of(store, number)
        events = store.events(number, before)
        cause = cause_summaries(store, [issue.cause]).get(issue.cause)
        values = {
            "title": issue.title,
            "issue": issue,
            "state_words": state_words(issue, now),
            "sentence": explanation(issue.numbers.rank, "", issue.shift),
            "factors": factors(issue),
            "band_reason": band_reason(issue),
            "prose": lambda text: prose(text, settings),
            "links": [link(url, name, settings) for name, url in issue.links.items()],
            "link_of": lambda url: link(url, "report", settings),
            "commands": commands(issue),
            "plot": stored_plot,
            "drawing": None if stored_plot is None else draw(stored_plot.plot),
            "cause": cause,
            "cause_line": "" if cause is None else cause_line(cause, now),
            "events": events,
            "older": events[-1].id if len(events) == MAX_EVENTS else None,
            "versions": [name for name, _ in reversed(store.version_times(issue.package))][:50],
            "observations": _observations(issue),
            "away": outages(store),
        }
        return self._site.render("issue.html", who, values)


def _observations(issue: Issue) -> list[tuple[str, str, float, float, float]]:
    """Source with what it looked at, version, start, share and certainty of each observation."""
    return [
        (
            f"{one.source}, {one.scope}" if one.scope else one.source,
            one.version,
            one.starts_at,
            one.share,
            one.certainty,
        )
        for one in issue.active.values()
    ]


def _number(request: Request) -> int:
    number: int = request.path_params["number"]
    if number > MAX_NUMBER:
        raise _unknown(number)
    return number


def _unknown(number: int) -> RefusedError:
    return RefusedError(404, "not_found", f"There is no issue {str(number)[:40]}.")
