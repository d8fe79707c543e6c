"""The style and the script of the pages; their addresses change with their content."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).with_name("static")
FOREVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files, in memory."""

    def __init__(self) -> None:
        # The one style of all HTML pages of the product, and what only these pages need.
        shared = (files("packager") / "report" / "page.css").read_bytes()
        self._files = {
            "issues.css": (shared + (FOLDER / "issues.css").read_bytes(), "text/css"),
            "keys.js": ((FOLDER / "keys.js").read_bytes(), "text/javascript"),
            "icon.svg": ((FOLDER / "icon.svg").read_bytes(), "image/svg+xml"),
        }
        self.addresses = {
            name: f"/static/{name}?{hashlib.sha256(content).hexdigest()[:12]}"
            for name, (content, _) in self._files.items()
        }

    def route(self) -> Route:
        """The route."""
        return Route("/static/{name}", self.answer, methods=["GET"])

    async def answer(self, request: Request) -> Response:
        """A file; nothing of it is secret."""
        name = request.path_params["name"]
        if name not in self._files:
            raise HTTPException(404)
        content, kind = self._files[name]
        return Response(content, media_type=kind, headers={"cache-control": FOREVER})
