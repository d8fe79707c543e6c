"""The API: ``/api/v1``."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from packager.tracker import intake
from packager.tracker.core.actions import (
    ACTION,
    Action,
    ActionError,
    AddComment,
    AddLabel,
    RemoveLabel,
)
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.issue import ACTIVE
from packager.tracker.service.auth import Principal
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.numbers import NUMBER, check_parameters, number_of
from packager.tracker.service.pages.cause_line import cause_line
from packager.tracker.service.problems import RefusedError, body_of, malformed, not_found
from packager.tracker.service.routing import ApiRoutes, model_of
from packager.tracker.service.views import event_view, issue_view
from packager.tracker.store.cause_lines import cause_summaries
from packager.tracker.store.reader import StoredEvent, StoreReader
from packager.tracker.store.selection import Cursor, CursorError, Selection
from packager.tracker.store.tokens import TokenScope

PARAMETERS = frozenset(
    {
        *("state", "band", "package", "kind", "owner", "label", "cause"),
        *("q", "after", "limit", "order", "folded"),
    }
)
"""Query parameters of a list."""


class IssueApi:
    """The handlers."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tracker = context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        report, read, write = TokenScope.REPORT, TokenScope.READ, TokenScope.WRITE
        issue = f"/api/v1/issues/{{number:{NUMBER}}}"
        api = ApiRoutes(self._context)
        api.add("POST", "/api/v1/findings", report, self.report)
        api.add("GET", "/api/v1/issues", read, self.list_issues, PARAMETERS)
        api.add("POST", "/api/v1/issues", write, self.add_issue)
        api.add("GET", issue, read, self.show)
        api.add("PATCH", issue, write, self.change)
        api.add("GET", f"{issue}/events", read, self.events, frozenset({"before"}))
        api.add("POST", f"{issue}/comments", write, self.comment)
        api.add("POST", f"{issue}/labels", write, self.label)
        api.add("DELETE", f"{issue}/labels/{{label:path}}", write, self.unlabel)
        api.add("GET", "/api/v1/packages", read, self.packages)
        return api.routes

    async def report(self, request: Request, who: Principal) -> Response:
        """``POST findings``: a report; answers the issue and the result of each finding."""
        report = await model_of(request, Report)
        now = self._tracker.clock()
        outcomes = await self._context.write_as(who, intake.receive, report, now)
        shown = [
            {"id": None if outcome.issue is None else outcome.issue.id,
             "state": None if outcome.issue is None else outcome.issue.state.value,
             "result": outcome.result}
            for outcome in outcomes
        ]  # fmt: skip
        return JSONResponse({"findings": shown})

    async def list_issues(self, request: Request, who: Principal) -> Response:
        """``GET issues``: a page of a list."""
        query, after = parse_query(request)
        return JSONResponse(await self._tracker.read(self._listed, query, after))

    def _listed(self, store: StoreReader, query: Selection, after: Cursor | None) -> dict[str, Any]:
        """A page; in a folded list, an issue that stands for several has its cause."""
        page = store.page(query, after)
        causes = cause_summaries(store, [one.cause for one in page.issues]) if query.folded else {}
        now = self._tracker.clock()
        views = []
        for issue in page.issues:
            shown = issue_view(issue, self._context.settings)
            cause = causes.get(issue.cause) if issue.state in ACTIVE else None
            if cause is not None:
                shown |= {"cause_size": cause.size, "cause_line": cause_line(cause, now)}
            views.append(shown)
        return {"issues": views, "next": page.next.encode() if page.next is not None else None}

    async def add_issue(self, request: Request, who: Principal) -> Response:
        """``POST issues``: an issue that a person adds; 200, and no 201, if it is known."""
        content = _object(await body_of(request))
        now = self._tracker.clock()
        fields = {"share": 0.1, **content, "source": who.name, "starts_at": now}
        try:
            finding = Finding.model_validate(fields)
        except ValidationError as error:
            raise malformed(error) from None
        if not finding.firing:
            raise RefusedError(400, "malformed", "firing: expected true")
        issue, result = await self._context.write_as(who, intake.add, finding, who.name, now)
        shown = {**issue_view(issue, self._context.settings), "result": result}
        return JSONResponse(shown, 201 if result == "new" else 200)

    async def show(self, request: Request, who: Principal) -> Response:
        """``GET issues/N``."""
        number = request.path_params["number"]
        issue = await self._tracker.read(lambda store: store.issue(number))
        if issue is None:
            raise not_found(number)
        return JSONResponse(issue_view(issue, self._context.settings))

    async def change(self, request: Request, who: Principal) -> Response:
        """``PATCH issues/N``: an action."""
        try:
            action = ACTION.validate_json(await body_of(request))
        except ValidationError as error:
            raise malformed(error) from None
        return await self._acted(request, action, who)

    async def comment(self, request: Request, who: Principal) -> Response:
        """``POST issues/N/comments``: ``{"text"}``."""
        action = await model_of(request, AddComment)
        return await self._acted(request, action, who)

    async def label(self, request: Request, who: Principal) -> Response:
        """``POST issues/N/labels``: ``{"label"}``."""
        action = await model_of(request, AddLabel)
        return await self._acted(request, action, who)

    async def unlabel(self, request: Request, who: Principal) -> Response:
        """``DELETE issues/N/labels/NAME``."""
        try:
            action = RemoveLabel(label=request.path_params["label"])
        except ValidationError as error:
            raise malformed(error) from None
        return await self._acted(request, action, who)

    async def _acted(self, request: Request, action: Action, who: Principal) -> Response:
        number = request.path_params["number"]
        now = self._tracker.clock()
        try:
            issue = await self._context.write_as(who, intake.act, number, action, who.name, now)
        except ActionError as error:
            raise RefusedError(409, "refused", str(error)) from None
        if issue is None:
            raise not_found(number)
        return JSONResponse(issue_view(issue, self._context.settings))

    async def events(self, request: Request, who: Principal) -> Response:
        """``GET issues/N/events``: the history, newest first; ``before``: an event's id."""
        number = request.path_params["number"]
        before = number_of(request, "before")
        events = await self._tracker.read(_events, number, before)
        if events is None:
            raise not_found(number)
        return JSONResponse({"events": [event_view(one) for one in events]})

    async def packages(self, request: Request, who: Principal) -> Response:
        """``GET packages``: numbers of issues by package, state and band."""
        tallies = await self._tracker.read(lambda store: store.tallies())
        return JSONResponse({"tallies": [one._asdict() for one in tallies]})


def _events(store: StoreReader, number: int, before: int | None) -> list[StoredEvent] | None:
    return store.events(number, before) if store.issue(number) is not None else None


def parse_query(request: Request) -> tuple[Selection, Cursor | None]:
    """The selection that a URL names; raises ``RefusedError``.

    ``state`` and ``band`` may occur several times; ``state=all`` selects every state.
    """
    parameters = request.query_params
    check_parameters(request, PARAMETERS)
    states = parameters.getlist("state")
    filters: dict[str, Any] = {"states": []} if "all" in states else {}
    if states and "all" not in states:
        filters["states"] = states
    if parameters.getlist("band"):
        filters["bands"] = [one.removeprefix("P") for one in parameters.getlist("band")]
    filters |= {
        name: parameters[name]
        for name in ("package", "kind", "owner", "label", "cause", "limit", "order", "folded")
        if name in parameters
    }
    if "q" in parameters:
        filters["text"] = parameters["q"]
    try:
        after = Cursor.decode(parameters["after"]) if parameters.get("after") else None
        return Selection.model_validate(filters), after
    except CursorError as error:
        raise RefusedError(400, "malformed", f"after: {error}") from None
    except ValidationError as error:
        raise malformed(error) from None


_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def _object(body: bytes) -> dict[str, Any]:
    try:
        return _OBJECT.validate_json(body)
    except ValidationError as error:
        raise malformed(error) from None
