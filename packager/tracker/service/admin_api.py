"""The API of administrators: tokens, the audit trail, export and import."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from packager.tracker.administration import create_token, import_archive, revoke_token
from packager.tracker.core.finding import StrictRecord
from packager.tracker.core.moments import format_moment
from packager.tracker.core.texts import Name
from packager.tracker.service.auth import Principal
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.numbers import number_of
from packager.tracker.service.problems import RefusedError, body_of
from packager.tracker.service.routing import ApiRoutes, model_of
from packager.tracker.store.archive import export_lines
from packager.tracker.store.archive_import import ArchiveError
from packager.tracker.store.audit import audit_entries, note
from packager.tracker.store.store import Store
from packager.tracker.store.tokens import TokenScope, tokens

MAX_IMPORT = 64 << 20
"""Bytes; `package issues import` reads larger archives without the service."""
CHUNK_BYTES = 1 << 16
ARCHIVE = "application/jsonl"


class NewToken(StrictRecord):
    """The properties of a new token."""

    name: Name
    scope: TokenScope


class AdminApi:
    """The handlers."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tracker = context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        admin = TokenScope.ADMIN
        api = ApiRoutes(self._context)
        api.add("GET", "/api/v1/tokens", admin, self.list_tokens)
        api.add("POST", "/api/v1/tokens", admin, self.add_token)
        api.add("DELETE", "/api/v1/tokens/{name:path}", admin, self.revoke_token)
        api.add("GET", "/api/v1/audit", admin, self.audit, frozenset({"before"}))
        api.add("GET", "/api/v1/export", admin, self.export)
        api.add("POST", "/api/v1/import", admin, self.take_archive)
        return api.routes

    async def list_tokens(self, request: Request, who: Principal) -> Response:
        """``GET tokens``: without their secrets and hashes."""
        access_tokens = await self._tracker.read(tokens)
        shown = [
            {"name": one.name, "scope": one.scope, "created_at": format_moment(one.created_at),
             "last_used": None if one.last_used is None else format_moment(one.last_used)}
            for one in access_tokens
        ]  # fmt: skip
        return JSONResponse({"tokens": shown})

    async def add_token(self, request: Request, who: Principal) -> Response:
        """``POST tokens``: ``{"name", "scope"}``; the answer has the secret, once."""
        new_token = await model_of(request, NewToken)
        now = self._tracker.clock()
        try:
            secret = await self._tracker.write(
                create_token, new_token.name, new_token.scope, who.name, now
            )
        except ValueError as error:
            raise RefusedError(409, "refused", str(error)) from None
        answer = {"name": new_token.name, "scope": new_token.scope, "token": secret}
        return JSONResponse(answer, 201)

    async def revoke_token(self, request: Request, who: Principal) -> Response:
        """``DELETE tokens/NAME``."""
        name = request.path_params["name"]
        now = self._tracker.clock()
        known = "\0" not in name and await self._tracker.write(revoke_token, name, who.name, now)
        if not known:
            raise RefusedError(404, "not_found", f"expected the name of a token, got {name[:40]!r}")
        return JSONResponse({"name": name})

    async def audit(self, request: Request, who: Principal) -> Response:
        """``GET audit``: who did what, newest first; ``before``: an entry's id."""
        entries = await self._tracker.read(audit_entries, number_of(request, "before"))
        shown = [{**one._asdict(), "at": format_moment(one.at)} for one in entries]
        return JSONResponse({"entries": shown})

    async def export(self, request: Request, who: Principal) -> Response:
        """``GET export``: JSON lines of one snapshot."""
        await self._tracker.write(note, self._tracker.clock(), who.name, "exported")
        body = iterate_in_threadpool(_chunks(self._tracker.store))
        return StreamingResponse(body, media_type=ARCHIVE)

    async def take_archive(self, request: Request, who: Principal) -> Response:
        """``POST import``: JSON lines of an export; all of them or none."""
        body = await body_of(request, MAX_IMPORT)
        now = self._tracker.clock()
        try:
            imported = await self._tracker.write(
                import_archive, body.splitlines(keepends=True), who.name, now
            )
        except ArchiveError as error:
            raise RefusedError(400, "malformed", str(error)) from None
        return JSONResponse(imported._asdict())


def _chunks(store: Store) -> Iterator[bytes]:
    with store.read() as reader:
        chunk = bytearray()
        for line in export_lines(reader):
            chunk += line
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
        yield bytes(chunk)
