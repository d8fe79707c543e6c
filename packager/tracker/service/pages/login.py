"""Login by token or by a code that works once, and logout."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from packager.tracker.service.auth import COOKIE, SESSION_SECONDS, Principal
from packager.tracker.service.pages.forms import SentForm, check_origin, form_of, local_path
from packager.tracker.service.pages.site import PageSite
from packager.tracker.store.audit import note
from packager.tracker.store.sessions import end_session
from packager.tracker.store.tokens import TokenScope, hash_of, token_of
from packager.tracker.store.writer import Writer

UNKNOWN = "There is no such token. Paste it whole, without quotes."
OTHER_SCOPE = "This token is for programs (scope {}). Log in with one of scope write."
USED = "This address was used already, or is older than ten minutes. Log in with a token."


class LoginPages:
    """The handlers."""

    def __init__(self, site: PageSite) -> None:
        self._site = site
        self._context = site.context

    def routes(self) -> list[Route]:
        """The routes."""
        site = self._site
        return [
            Route("/login", site.open(self.show), methods=["GET"]),
            Route("/login", site.open(self.log_in), methods=["POST"]),
            Route("/login/{code}", site.open(self.redeem), methods=["GET"]),
            Route("/logout", site.action(self.log_out), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """``GET /login``."""
        return self._form(local_path(request.query_params.get("next", "/")))

    async def log_in(self, request: Request) -> Response:
        """``POST /login``: ``token``, and the path to go to."""
        check_origin(request, self._context.settings)
        form = await form_of(request)
        path = local_path(form.text("next"))
        return await self._session(hash_of(form.text("token")), path, UNKNOWN)

    async def redeem(self, request: Request) -> Response:
        """``GET /login/CODE``; HEAD, which programs send that preview links, spends no code."""
        if request.method == "HEAD":
            return Response()
        hashed = self._context.auth.redeem(request.path_params["code"])
        if hashed is None:
            return self._form("/", USED, 403)
        return await self._session(hashed, "/", USED)

    async def log_out(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /logout``: the session is over, also for a copy of its cookie."""
        tracker = self._context.tracker
        await tracker.write(_log_out, who, tracker.clock())
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def _session(self, hashed: str, path: str, problem: str) -> Response:
        token = await self._context.tracker.read(token_of, hashed)
        if token is None:
            return self._form(path, problem, 403)
        if not token.scope.allows(TokenScope.WRITE):
            return self._form(path, OTHER_SCOPE.format(token.scope), 403)
        tracker = self._context.tracker
        await tracker.write(note, tracker.clock(), token.name, "login")
        answer = RedirectResponse(path, 303)
        answer.set_cookie(
            COOKIE,
            self._context.auth.new_session(hashed),
            max_age=int(SESSION_SECONDS),
            path="/",
            secure=self._context.settings.secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    def _form(self, path: str, problem: str = "", status: int = 200) -> Response:
        values = {"title": "Log in", "next": path, "problem": problem}
        return HTMLResponse(self._site.render("login.html", None, values), status)


def _log_out(store: Writer, who: Principal, now: float) -> None:
    end_session(store, who.session, now + SESSION_SECONDS)
    note(store, now, who.name, "logout")
