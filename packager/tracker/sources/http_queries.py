"""Questions to Alertmanager and Prometheus over HTTP, bounded in bytes and seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from packager.client.fetch import UNCOMPRESSED, UnboundedError, fetch

MAX_BYTES = 32 << 20
SECONDS = 10.0
MAX_SHOWN = 200


class SourceAwayError(Exception):
    """A source did not answer as expected; the text says which one and how."""


class DeclinedError(SourceAwayError):
    """A source answers, but not this question: a status from 400 to 499."""


def get_json(url: str, parameters: Mapping[str, str], seconds: float = SECONDS) -> Any:
    """The JSON that ``url`` answers; raises ``SourceAwayError``."""
    location = shown_address(url)
    try:
        answer = fetch(
            lambda: requests.get(
                url,
                dict(parameters),
                headers=UNCOMPRESSED,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            ),
            MAX_BYTES,
            seconds,
        )
    except UnboundedError as error:
        raise SourceAwayError(f"{location}: expected an answer {error}") from error
    except (requests.RequestException, UnicodeError) as error:
        raise SourceAwayError(f"{location}: no answer: {type(error).__name__}") from error
    if answer.status_code != 200:
        content = answer.text[:MAX_SHOWN].strip()
        kind = DeclinedError if 400 <= answer.status_code < 500 else SourceAwayError
        raise kind(f"{location}: expected status 200, got {answer.status_code}: {content}")
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise SourceAwayError(f"{location}: expected JSON, got other content") from error


def shown_address(url: str) -> str:
    """An address without the password that may be in it, and without a query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an unbalanced bracket
        return "its address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
