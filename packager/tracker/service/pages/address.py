"""The address of a list: its filters, and the addresses with one of them changed."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

Pairs = tuple[tuple[str, str], ...]
NAMES = ("state", "band", "package", "kind", "owner", "label", "cause", "q", "order")
"""Parameters that select; ``after`` is the key of a page."""
MAX_QUERY = 4_000


class ListAddress:
    """The filters of a list, in the order of ``NAMES``."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        known = [(name, value) for name, value in pairs if name in NAMES]
        self.pairs: Pairs = tuple(sorted(known, key=lambda pair: NAMES.index(pair[0])))

    @classmethod
    def of(cls, query: str) -> ListAddress:
        """The filters of a query string; raises ``ValueError``."""
        return cls(parse_qsl(query[:MAX_QUERY], keep_blank_values=True, max_num_fields=100))

    @property
    def query(self) -> str:
        """The query string."""
        return urlencode([(name, value.encode("utf-8", "replace")) for name, value in self.pairs])

    def __str__(self) -> str:
        return f"/?{self.query}" if self.pairs else "/"

    def values(self, name: str) -> list[str]:
        """The values of a filter."""
        return [value for key, value in self.pairs if key == name]

    def with_one(self, name: str, value: str | None) -> ListAddress:
        """With one value of a filter in place of all others; None: without the filter."""
        others = [pair for pair in self.pairs if pair[0] != name]
        return ListAddress([*others, *([(name, value)] if value is not None else [])])

    def after(self, key: str) -> str:
        """The address of the next page."""
        return f"/?{urlencode([*self.pairs, ('after', key)])}"
