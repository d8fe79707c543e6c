"""The API: ``/api/v1``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from packager.tracker.core.texts import MAX_TEXT
from packager.tracker.service.auth import Principal
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.problems import RefusedError, body_of, malformed, not_found
from packager.tracker.service.views import event_view, issue_view
from packager.tracker.store.selection import Cursor, CursorError, Selection
from packager.tracker.store.tokens import TokenScope, add_token, revoke, tokens

Handler = Callable[[Request, Principal], Awaitable[Response]]
_COMMENT = TypeAdapter(AddComment)


class IssueApi:
    """The handlers."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tracker = context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        issue = "/api/v1/issues/{number:int}"
        return [
            self._route("/api/v1/findings", self.report, TokenScope.REPORT, "POST"),
            self._route("/api/v1/issues", self.list_issues, TokenScope.WRITE, "GET"),
            self._route("/api/v1/issues", self.add_issue, TokenScope.WRITE, "POST"),
            self._route(issue, self.show, TokenScope.WRITE, "GET"),
            self._route(issue, self.change, TokenScope.WRITE, "PATCH"),
            self._route(f"{issue}/events", self.events, TokenScope.WRITE, "GET"),
            self._route(f"{issue}/comments", self.comment, TokenScope.WRITE, "POST"),
            self._route(f"{issue}/labels", self.label, TokenScope.WRITE, "POST"),
            self._route(f"{issue}/labels/{{label}}", self.unlabel, TokenScope.WRITE, "DELETE"),
            self._route("/api/v1/packages", self.packages, TokenScope.WRITE, "GET"),
            self._route("/api/v1/tokens", self.list_tokens, TokenScope.ADMIN, "GET"),
            self._route("/api/v1/tokens", self.add_token, TokenScope.ADMIN, "POST"),
            self._route("/api/v1/tokens/{name}", self.revoke_token, TokenScope.ADMIN, "DELETE"),
        ]

    def _route(self, path: str, handler: Handler, needed: TokenScope, method: str) -> Route:
        async def run(request: Request) -> Response:
            return await handler(request, await self._context.auth.require(request, needed))

        return Route(path, run, methods=[method])

    async def report(self, request: Request, who: Principal) -> Response:
        """``POST findings``: a report; answers the issue and the result of each finding."""
        try:
            report = Report.model_validate_json(await body_of(request))
        except ValidationError as error:
            raise malformed(error) from None
        now = self._tracker.clock()
        outcomes = await self._tracker.write(intake.receive, report, now)
        shown = [
            {"id": None if one.issue is None else one.issue.id,
             "state": None if one.issue is None else one.issue.state.value,
             "result": one.result}
            for one in outcomes
        ]  # fmt: skip
        return JSONResponse({"findings": shown})

    async def list_issues(self, request: Request, who: Principal) -> Response:
        """``GET issues``: a page of a list."""
        query, after = parse_query(request)
        page = await self._tracker.read(lambda store: store.page(query, after))
        return JSONResponse(
            {
                "issues": [issue_view(one, self._context.settings) for one in page.issues],
                "next": page.next.encode() if page.next is not None else None,
            }
        )

    async def add_issue(self, request: Request, who: Principal) -> Response:
        """``POST issues``: an issue that a person adds."""
        given = _object(await body_of(request))
        now = self._tracker.clock()
        said = {"share": 0.1, **given, "source": who.name, "starts_at": now}
        try:
            finding = Finding.model_validate(said)
        except ValidationError as error:
            raise malformed(error) from None
        if not finding.firing:
            raise RefusedError(400, "malformed", "firing: expected true")
        issue = await self._tracker.write(intake.add, finding, who.name, now)
        return JSONResponse(issue_view(issue, self._context.settings), 201)

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
        try:
            action = _COMMENT.validate_json(await body_of(request))
        except ValidationError as error:
            raise malformed(error) from None
        return await self._acted(request, action, who)

    async def label(self, request: Request, who: Principal) -> Response:
        """``POST issues/N/labels``: ``{"label"}``."""
        try:
            action = AddLabel.model_validate_json(await body_of(request))
        except ValidationError as error:
            raise malformed(error) from None
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
            issue = await self._tracker.write(intake.act, number, action, who.name, now)
        except ActionError as error:
            raise RefusedError(409, "refused", str(error)) from None
        if issue is None:
            raise not_found(number)
        return JSONResponse(issue_view(issue, self._context.settings))

    async def events(self, request: Request, who: Principal) -> Response:
        """``GET issues/N/events``: the history, newest first; ``before``: an event's id."""
        number = request.path_params["number"]
        before = _whole_number(request, "before")
        known = await self._tracker.read(lambda store: store.issue(number))
        if known is None:
            raise not_found(number)
        found = await self._tracker.read(lambda store: store.events(number, before))
        return JSONResponse({"events": [event_view(one) for one in found]})

    async def packages(self, request: Request, who: Principal) -> Response:
        """``GET packages``: numbers of issues by package, state and band."""
        found = await self._tracker.read(lambda store: store.tallies())
        return JSONResponse({"tallies": [one._asdict() for one in found]})

    async def list_tokens(self, request: Request, who: Principal) -> Response:
        """``GET tokens``: without their secrets and hashes."""
        found = await self._tracker.read(tokens)
        shown = [
            {"name": one.name, "scope": one.scope, "created_at": one.created_at,
             "last_used": one.last_used}
            for one in found
        ]  # fmt: skip
        return JSONResponse({"tokens": shown})

    async def add_token(self, request: Request, who: Principal) -> Response:
        """``POST tokens``: ``{"name", "scope"}``; the answer has the secret, once."""
        given = _object(await body_of(request))
        name, scope = given.get("name"), given.get("scope")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_TEXT:
            raise RefusedError(400, "malformed", "name: expected a text")
        if scope not in list(TokenScope):
            raise RefusedError(400, "malformed", f"scope: expected one of {', '.join(TokenScope)}")
        now = self._tracker.clock()
        try:
            secret = await self._tracker.write(add_token, name, TokenScope(scope), now)
        except ValueError as error:
            raise RefusedError(409, "refused", str(error)) from None
        return JSONResponse({"name": name, "scope": scope, "token": secret}, 201)

    async def revoke_token(self, request: Request, who: Principal) -> Response:
        """``DELETE tokens/NAME``."""
        name = request.path_params["name"]
        if not await self._tracker.write(revoke, name):
            raise RefusedError(404, "not_found", f"expected the name of a token, got {name[:40]!r}")
        return JSONResponse({"name": name})


def parse_query(request: Request) -> tuple[Selection, Cursor | None]:
    """The selection that a URL names; raises ``RefusedError``.

    ``state`` and ``band`` may occur several times; ``state=all`` selects every state.
    """
    given = request.query_params
    known = {"state", "band", "package", "kind", "owner", "label", "cause", "q", "after", "limit",
             "order", "folded"}  # fmt: skip
    for name in given:
        if name not in known:
            raise RefusedError(400, "malformed", f"expected one of {', '.join(sorted(known))}, "
                          f"got {name[:40]!r}")  # fmt: skip
    states = given.getlist("state")
    chosen: dict[str, Any] = {"states": []} if "all" in states else {}
    if states and "all" not in states:
        chosen["states"] = states
    if given.getlist("band"):
        chosen["bands"] = [one.removeprefix("P") for one in given.getlist("band")]
    chosen |= {
        name: given[name]
        for name in ("package", "kind", "owner", "label", "cause", "limit", "order", "folded")
        if name in given
    }
    if "q" in given:
        chosen["text"] = given["q"]
    try:
        after = Cursor.decode(given["after"]) if given.get("after") else None
        return Selection.model_validate(chosen), after
    except CursorError as error:
        raise RefusedError(400, "malformed", f"after: {error}") from None
    except ValidationError as error:
        raise malformed(error) from None


def _whole_number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise RefusedError(400, "malformed", f"{name}: expected a whole number")
    return int(text)


_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def _object(body: bytes) -> dict[str, Any]:
    try:
        return _OBJECT.validate_json(body)
    except ValidationError as error:
        raise malformed(error) from None
