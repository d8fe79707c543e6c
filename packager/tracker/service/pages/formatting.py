"""Texts, numbers and times as the pages show them; texts of others can't affect the page."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from packager.text import visible
from packager.tracker.core.issue import Issue
from packager.tracker.core.moments import DAY, HOUR, MINUTE, format_moment
from packager.tracker.core.priority import formatted
from packager.tracker.service.settings import ServiceSettings

MAX_TITLE = 160
"""Characters of a title in the list; the issue's page has all."""


def shown(value: object) -> object:
    """The text of a value for Jinja2, with escapes for characters that aren't printable.

    Runs on every expression of every template (``finalize``), before the escaping of HTML.
    """
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def as_it_is(text: str) -> Markup:
    """A text for a hidden field, which comes back as it was."""
    return escape(text)


def shortened(text: str, most: int = MAX_TITLE) -> str:
    """The beginning of a text, as it is shown."""
    text = visible(text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}…"


def small(value: float) -> str:
    """Two significant digits, but all before the point: ``40``, ``9.2``, ``0.048``."""
    return f"{value:.0f}" if value >= 9.95 else formatted(float(f"{value:.2g}"))


def percent(share: float) -> str:
    """``18 %``, ``0.11 %``."""
    return f"{small(100 * share)} %"


def duration(seconds: float) -> str:
    """``12 min``, ``3 h``, ``5 d``."""
    seconds = max(seconds, 0.0)
    if seconds < 90 * MINUTE:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} d"


def clock(at: float) -> str:
    """``2026-11-29 13:36 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def short_clock(at: float, now: float) -> str:
    """``13:36`` of the last day, or ``Nov 27 13:36``."""
    form = "%H:%M" if now - at < DAY else "%b %d %H:%M"
    return f"{datetime.fromtimestamp(at, UTC):{form}}"


def ago(at: float, now: float) -> Markup:
    """``<time>`` with the time that passed; the title is the moment in ISO 8601."""
    moment = format_moment(round(at))
    text = "just now" if now - at < MINUTE else f"{duration(now - at)} ago"
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(moment, text)


def is_trusted(url: str, settings: ServiceSettings) -> bool:
    """Whether an address begins with one of the prefixes that are shown as links.

    Host and port are compared whole, so that ``https://grafana.example`` is no prefix of
    ``https://grafana.example.attacker.test``.
    """
    own = (settings.public_url, settings.alertmanager, settings.prometheus)
    return any(_has_prefix(url, one) for one in (*settings.link_prefixes, *own) if one)


def _has_prefix(url: str, prefix: str) -> bool:
    try:
        parts, known = urlsplit(url), urlsplit(prefix)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "\\" in url or not url.isprintable():
        return False
    same = (parts.scheme, parts.netloc.lower()) == (known.scheme, known.netloc.lower())
    path, start = parts.path or "/", known.path or "/"
    inside = path == start or path.startswith(start if start.endswith("/") else f"{start}/")
    return same and inside and ".." not in path.split("/")


def subject_of(issue: Issue) -> str:
    """``feature=carat`` as ``carat``'s kind and name: ``feature carat``."""
    return issue.subject.replace("=", " ", 1)
