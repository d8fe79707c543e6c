"""The API of mirrors: what a synchronisation with a forge left of each issue."""

from __future__ import annotations

import json

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from packager.tracker.core.finding import StrictRecord
from packager.tracker.core.texts import Name
from packager.tracker.forges.mirror import Mirror
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.problems import RefusedError, body_of, malformed, not_found
from packager.tracker.store.mirrors import keep_mirror, mirrors
from packager.tracker.store.tokens import TokenScope


class MirrorBody(StrictRecord):
    """The body of ``PUT``."""

    forge: Name
    mirror: Mirror


class MirrorApi:
    """The handlers."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/api/v1/mirrors", self.list, methods=["GET"]),
            Route("/api/v1/issues/{number:number}/mirror", self.keep, methods=["PUT"]),
        ]

    async def list(self, request: Request) -> Response:
        """``GET mirrors?forge=…``."""
        await self._context.auth.require(request, TokenScope.WRITE)
        forge = request.query_params.get("forge", "")
        if not forge:
            raise RefusedError(
                400, "malformed", "forge: expected a name such as github:team/models"
            )
        pairs = await self._context.tracker.read(mirrors, forge)
        shown = [{"issue": issue, "mirror": json.loads(seen)} for issue, seen in pairs]
        return JSONResponse({"mirrors": shown})

    async def keep(self, request: Request) -> Response:
        """``PUT issues/N/mirror``."""
        await self._context.auth.require(request, TokenScope.WRITE)
        try:
            mirror_body = MirrorBody.model_validate_json(await body_of(request))
        except ValidationError as error:
            raise malformed(error) from None
        number, tracker = request.path_params["number"], self._context.tracker
        seen = mirror_body.mirror.model_dump_json()
        if not await tracker.write(keep_mirror, number, mirror_body.forge, seen, tracker.clock()):
            raise not_found(number)
        return JSONResponse({"issue": number, "forge": mirror_body.forge})
