"""Forms: where they come from, and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from packager.tracker.service.problems import RefusedError, body_of
from packager.tracker.service.settings import ServiceSettings

MAX_FORM = 128 * 1024
MAX_FIELDS = 100
CONTENT_TYPE = "application/x-www-form-urlencoded"


class SentForm:
    """The fields of a form."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """A field without white space around it; empty if it isn't there."""
        return self._fields.get(name, "").strip()

    def exactly(self, name: str) -> str:
        """A field as it is."""
        return self._fields.get(name, "")


async def form_of(request: Request) -> SentForm:
    """The fields of a request; raises ``RefusedError``."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != CONTENT_TYPE:
        raise RefusedError(400, "malformed", f"expected a form as {CONTENT_TYPE}")
    body = await body_of(request, MAX_FORM)
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise RefusedError(
            400, "malformed", f"expected at most {MAX_FIELDS} fields in a form"
        ) from None
    return SentForm({name: value.replace("\r\n", "\n") for name, value in pairs})


def check_origin(request: Request, settings: ServiceSettings) -> None:
    """Raise ``RefusedError`` 403 unless a page of this service sent the form.

    Browsers say so in ``Sec-Fetch-Site``; one that doesn't send it sends ``Origin`` with forms.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise RefusedError(403, "forbidden", "The form came from another site.")
        return
    try:
        origin = urlsplit(request.headers.get("origin", ""))
    except ValueError:  # an unbalanced bracket
        origin = urlsplit("")
    own = {request.headers.get("host", "").lower(), urlsplit(settings.public_url).netloc.lower()}
    if origin.scheme not in ("http", "https") or origin.netloc.lower() not in own:
        message = "The form does not say that it came from this site (Sec-Fetch-Site or Origin)."
        raise RefusedError(403, "forbidden", message)


def local_path(path: str) -> str:
    """A path of this site to go to next; ``/`` for anything else."""
    plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
