"""View, window and variables of a page, as a query string."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import parse_qsl, urlencode

from monitoring.slices.slices import ALL

ViewName = Literal["fleet", "model", "slice"]
VIEWS: tuple[ViewName, ...] = get_args(ViewName)
WINDOWS = {"1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000}
"""Name → seconds."""
REFRESH_SECONDS = 60
MAX_QUERY = 16_000
"""Characters of a query string: names of slices may be long."""
MAX_VERSIONS = 6


@dataclass(frozen=True)
class PageAddress:
    """The choices of a page."""

    view: ViewName = "model"
    window: str = "24h"
    """One of ``WINDOWS``."""
    versions: tuple[str, ...] = ()
    """Empty: all that ran in the window."""
    slice: str = ALL
    feature: str = ""
    """Empty: the first one."""
    refresh: bool = False
    """Whether the browser loads the page again every ``REFRESH_SECONDS``."""

    @classmethod
    def of(cls, query: str) -> PageAddress:
        """The choices of a query string; raises ``ValueError`` with what was expected."""
        if len(query) > MAX_QUERY:
            raise ValueError(f"expected at most {MAX_QUERY} characters of choices")
        address = PageAddress()
        versions: list[str] = []
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=20):
            if name == "view":
                if value not in VIEWS:
                    raise ValueError(f"view: expected one of {', '.join(VIEWS)}, got {value!r}")
                address = replace(address, view=value)
            elif name == "window":
                check_window(value)
                address = replace(address, window=value)
            elif name == "version":
                versions.append(value)
            elif name == "slice":
                address = replace(address, slice=value)
            elif name == "feature":
                address = replace(address, feature=value)
            elif name == "refresh":
                address = replace(address, refresh=value == "1")
        return replace(address, versions=tuple(versions[:MAX_VERSIONS]))

    @property
    def seconds(self) -> int:
        """The length of the window."""
        return WINDOWS[self.window]

    def link(self, **changed: object) -> str:
        """The address of a page with other choices, below the root of the server."""
        other: PageAddress = replace(self, **changed)  # type: ignore[arg-type]
        return f"/?{urlencode(other.pairs())}"

    def pairs(self) -> Sequence[tuple[str, str]]:
        """The parameters that differ from a new page's, and the view."""
        plain = PageAddress()
        pairs: list[tuple[str, str]] = [("view", self.view)]
        for name in ("window", "slice", "feature"):
            value = getattr(self, name)
            if value != getattr(plain, name):
                pairs.append((name, value.encode("utf-8", "replace").decode()))
        pairs += [("version", version) for version in self.versions]
        return [*pairs, *([("refresh", "1")] if self.refresh else [])]


def check_window(text: str) -> None:
    """Raise ``ValueError`` for what isn't one of ``WINDOWS``."""
    if text not in WINDOWS:
        raise ValueError(f"window: expected one of {', '.join(WINDOWS)}, got {text!r}")
