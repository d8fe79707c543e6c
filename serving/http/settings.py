"""Settings of how the server speaks HTTP: where it is reached, and what it says to whom."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from serving.environment import read

ErrorDetail = Literal["full", "terse"]
ERROR_DETAILS: tuple[ErrorDetail, ...] = ("full", "terse")
ANY_ORIGIN = "*"
_ORIGIN = re.compile(r"[a-z][a-z\d+.-]*://[^\s/,?#@*]+", re.ASCII)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~@:-]+)+")


@dataclass(frozen=True)
class HttpSettings:
    """The values of ``MODEL_URL_PREFIX``, ``MODEL_CORS_ORIGINS`` and ``MODEL_ERROR_DETAIL``."""

    url_prefix: str = ""
    """A path, without a slash at its end, that requests may have before each route."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may read answers; ``*`` alone for all, empty for none."""
    error_detail: ErrorDetail = "full"
    """``terse``: errors tell code, status and the request's id alone."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables; raise ``UsageError`` naming an invalid one."""
        return cls(
            url_prefix=read(
                environment,
                "MODEL_URL_PREFIX",
                "",
                _prefix,
                "a path such as /models/churn, of letters, digits and . _ ~ @ : -",
            ),
            cors_origins=read(
                environment,
                "MODEL_CORS_ORIGINS",
                "",
                _origins,
                "* or origins such as https://shop.example, separated by commas",
            ),
            error_detail=read(
                environment, "MODEL_ERROR_DETAIL", "full", _error_detail, "full or terse"
            ),
        )


def _prefix(text: str) -> str:
    prefix = text.rstrip("/")
    parts = prefix.split("/")
    if prefix and (not _PREFIX.fullmatch(prefix) or "." in parts or ".." in parts):
        raise ValueError(text)
    return prefix


def _origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them (RFC 6454, 6.2): scheme and host in lower case, no path."""
    origins = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if text.strip() and not origins:
        raise ValueError(text)
    if origins != (ANY_ORIGIN,):
        for origin in origins:
            if not _ORIGIN.fullmatch(origin) or origin != origin.lower():
                raise ValueError(text)
    return origins


def _error_detail(text: str) -> ErrorDetail:
    for choice in ERROR_DETAILS:
        if text == choice:
            return choice
    raise ValueError(text)
