"""The routes of all pages."""

from __future__ import annotations

from starlette.routing import Route

from packager.tracker.service.context import ServiceContext
from packager.tracker.service.pages.issue_page import IssuePage
from packager.tracker.service.pages.list_page import ListPage
from packager.tracker.service.pages.login import LoginPages
from packager.tracker.service.pages.package_pages import PackagePages
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.pages.token_page import TokenPage


def page_routes(context: ServiceContext) -> list[Route]:
    """The routes of the pages for people, and of their style and script."""
    site = PageSite(context)
    return [
        *LoginPages(site).routes(),
        *ListPage(site).routes(),
        *IssuePage(site).routes(),
        *PackagePages(site).routes(),
        *TokenPage(site).routes(),
        site.static.route(),
    ]
