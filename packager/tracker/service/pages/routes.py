"""All pages: their routes, and the pages of errors."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packager.tracker.service.context import ServiceContext
from packager.tracker.service.pages.issue_page import IssuePages
from packager.tracker.service.pages.list_page import ListPage
from packager.tracker.service.pages.login import LoginPages
from packager.tracker.service.pages.package_pages import PackagePages
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.pages.token_page import TokenPage
from packager.tracker.service.problems import on_http_error

NOT_PAGES = ("/api/", "/webhooks/")


class Pages:
    """The pages for people, and their style and script."""

    def __init__(self, context: ServiceContext) -> None:
        self._site = PageSite(context)

    def routes(self) -> list[Route]:
        """The routes."""
        parts = (LoginPages, ListPage, IssuePages, PackagePages, TokenPage)
        routes = [route for part in parts for route in part(self._site).routes()]
        return [*routes, self._site.static.route()]

    async def on_http_error(self, request: Request, error: Exception) -> Response:
        """Answer what the router refuses: a page to a browser, JSON to others."""
        assert isinstance(error, HTTPException)
        path = request.url.path
        if "text/html" in request.headers.get("accept", "") and not path.startswith(NOT_PAGES):
            return self._site.error(error.status_code, "Check the address, or go to the list.")
        return await on_http_error(request, error)
