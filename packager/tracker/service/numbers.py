"""Numbers in addresses."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from packager.tracker.service.problems import RefusedError

MAX_DIGITS = 15
"""More digits than any id of a database has; longer ones are no address."""
NUMBER = "number"
"""``{name:number}`` in a route."""


class NumberConvertor(Convertor[int]):
    """A whole number that every database can compare."""

    regex = f"[0-9]{{1,{MAX_DIGITS}}}"

    def convert(self, value: str) -> int:
        """The number of a text that matches."""
        return int(value)

    def to_string(self, value: int) -> str:
        """The text of a number."""
        return str(value)


register_url_convertor(NUMBER, NumberConvertor())


def number_of(request: Request, name: str) -> int | None:
    """The whole number of a query's parameter; raises ``RefusedError``."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise RefusedError(400, "malformed", f"{name}: expected a whole number")
    return int(text)


def check_parameters(request: Request, known: frozenset[str]) -> None:
    """Refuse parameters that the route doesn't know: a misspelt filter would select everything."""
    for name in request.query_params:
        if name not in known:
            expected = f"expected one of {', '.join(sorted(known))}" if known else "expected none"
            raise RefusedError(400, "malformed", f"parameters: {expected}, got {name[:40]!r}")
