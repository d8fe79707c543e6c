"""Routes of the API: who may call each, and the parameters that it knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packager.tracker.service.auth import Principal
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.numbers import check_parameters
from packager.tracker.service.problems import body_of, malformed
from packager.tracker.store.tokens import TokenScope

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request, Principal], Awaitable[Response]]


class ApiRoutes:
    """Collects routes."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self.routes: list[Route] = []

    def add(
        self,
        method: str,
        path: str,
        needed: TokenScope,
        handler: Handler,
        parameters: frozenset[str] = frozenset(),
    ) -> None:
        """``handler`` for callers with the scope ``needed``; other parameters are refused."""

        async def run(request: Request) -> Response:
            who = await self._context.auth.require(request, needed)
            check_parameters(request, parameters)
            return await handler(request, who)

        self.routes.append(Route(path, run, methods=[method]))


async def model_of(request: Request, kind: type[Model]) -> Model:
    """The body of a request as a record; raises ``RefusedError``."""
    try:
        return kind.model_validate_json(await body_of(request))
    except ValidationError as error:
        raise malformed(error) from None
