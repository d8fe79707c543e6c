"""The answer to an unknown path: the model that is served here, or the nearest route."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from modelhost.text import truncate
from serving.http.messages import RequestError

MAX_COMPARED = 100
"""Characters of a path that are compared with routes."""
MIN_LIKENESS = 0.6
_MODEL = re.compile(r"/v[12]/models/([^/:]+)(?:/versions/([^/:]+))?(?:[/:].*)?")


def not_found(path: str, routes: Iterable[str], model: str, version: str) -> RequestError:
    """404 for ``path``; ``model`` and ``version``: what is served in its place."""
    named = _MODEL.fullmatch(path)
    if named and (named[1] != model or named[2] not in (None, version)):
        model_text = f"model {truncate(named[1])!r}"
        if named[2] is not None:
            model_text += f" version {truncate(named[2])!r}"
        message = f"{model_text} is not served here; served: {model} version {version}"
        return RequestError(404, "model_not_found", message)
    near = nearest_route(path, routes)
    hint = "" if near is None else f": did you mean {near}?"
    return RequestError(404, "not_found", f"there is no such route{hint}", expected="see /docs")


def nearest_route(path: str, routes: Iterable[str]) -> str | None:
    """The route that is most like ``path``; None if none is like it."""
    if len(path) > MAX_COMPARED:
        return None
    by_name = {route.lower(): route for route in routes}
    matches = difflib.get_close_matches(path.lower(), by_name, n=1, cutoff=MIN_LIKENESS)
    return by_name[matches[0]] if matches else None
