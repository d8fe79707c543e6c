"""The whole page: one file without scripts, in the style of the product's other pages."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from packager.manifest.manifest import Manifest
from packager.text import escape_markup
from serving.http.messages import RequestError, Response

STYLES = (
    files("packager") / "report" / "page.css",
    files("serving") / "try_page" / "page.css",
)
HTML = "text/html; charset=utf-8"
FORM = "row"
"""The identifier of the form, to which inputs beside it belong, too."""
ACTION = "try"
"""The address of the page, relative to itself: it holds behind a prefix, too."""


@functools.cache
def style() -> str:
    """The style sheet of the page."""
    return "".join(path.read_text(encoding="utf-8") for path in STYLES)


@functools.cache
def headers() -> Mapping[str, str]:
    """The page's permissions: it may only show itself and send its form to this server."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: with it a browser doesn't say where a form comes from.
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def page(manifest: Manifest, body: Sequence[str]) -> bytes:
    """The page of a package; ``body`` is HTML."""
    task = "" if manifest.schema_.outputs else manifest.task
    facts = {"version": manifest.tag, "task": task}
    pairs = "".join(
        f"<div><dt>{escape_markup(name)}</dt><dd>{escape_markup(text)}</dd></div>"
        for name, text in facts.items()
        if text
    )
    return _document(
        manifest.name,
        f'<dl class="facts">{pairs}</dl>',
        f'<main class="try">{"".join(body)}</main>',
    )


def notice(text: str, *, bad: bool = False, title: str = "") -> str:
    """A message above the form; ``text`` is escaped here."""
    kind = "notice bad wide" if bad else "notice wide"
    role = "alert" if bad else "status"
    head = f"<strong>{escape_markup(title)}</strong> " if title else ""
    return f'<p class="{kind}" role="{role}">{head}{escape_markup(text)}</p>'


def refusal(error: RequestError) -> Response:
    """An error of a request that has no form, such as one without a key."""
    link = f'<p class="wide"><a href="{ACTION}">Open the form</a></p>'
    shown = notice(sentence(error), bad=True, title=f"{error.status}:")
    body = _document("Try the model", "", f'<main class="try">{shown}{link}</main>')
    return Response(error.status, body, HTML, {**headers(), **error.headers})


def sentence(error: RequestError) -> str:
    """Message and expectation of an error."""
    expected = error.details.get("expected")
    if not expected or str(expected) in error.message:
        return error.message
    return f"{error.message}: expected {expected}"


def _document(title: str, facts: str, main: str) -> bytes:
    text = "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape_markup(title)}: try</title>",
            f"<style>{style()}</style></head><body>",
            f'<header><p class="kind">Try</p><h1>{escape_markup(title)}</h1>{facts}</header>',
            main,
            "</body></html>",
            "",
        ]
    )
    return text.encode("utf-8", "backslashreplace")
