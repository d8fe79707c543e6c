"""The interface of a protocol: it parses a body into rows and encodes scored rows.

Every protocol shares validation, prediction and counting; only the formats differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from monitoring.feedback.tokens import Chances
from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.base import Scalar


@dataclass(slots=True)
class ScoredRows:
    """Validated rows and their predictions, for the answer of a protocol; n rows."""

    checked: ValidatedRows
    labels: Sequence[Any]
    """n predictions, in the form of JSON; None for a number that isn't finite."""
    probabilities: Chances | None
    """n rows, one column for each of ``classes``; None if the model gives none."""
    classes: tuple[Scalar, ...] | None
    tokens: Sequence[str] | None
    """One feedback token per row; None if feedback is off."""
    more: Sequence[dict[str, Any]] | None = None
    """Further entries of each row's answer."""


class ProtocolAdapter(Protocol):
    """Request and answer of one protocol, independent of the HTTP transport."""

    @property
    def route(self) -> str:
        """The route's template, as in the metrics: ``/v2/models/{name}/infer``."""
        ...

    def rows(
        self, body: bytes, headers: Mapping[bytes, bytes], /
    ) -> tuple[list[dict[str, Any]], Any]:
        """The rows in ``body``, and a context that is passed to ``body``.

        ``headers`` have lower-case names. Raises ``RequestError`` for an invalid request.
        """
        ...

    def body(self, context: Any, scored: ScoredRows, /) -> tuple[bytes, Mapping[str, str]]:
        """The answer and additional headers: with ``content-type`` if it isn't JSON."""
        ...
