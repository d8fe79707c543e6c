"""How one protocol speaks: its bytes to rows, what was predicted to its bytes.

Every protocol goes through the same validation, prediction and counting; only the form differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.base import Scalar


@dataclass(slots=True)
class ScoredRows:
    """What a protocol makes its answer of; n rows."""

    checked: ValidatedRows
    labels: Sequence[Scalar | None]
    """n predictions; None for a number that isn't finite."""
    probabilities: Sequence[Sequence[float]] | None
    """n rows, one column for each of ``classes``; None where the model gives none."""
    classes: tuple[Scalar, ...] | None
    tokens: Sequence[str] | None
    """One feedback token a row; None where feedback is off."""


class ProtocolAdapter(Protocol):
    """One protocol's request and answer, without HTTP's wires."""

    @property
    def route(self) -> str:
        """The route's template, as metrics name it: ``/v2/models/{name}/infer``."""
        ...

    def rows(
        self, body: bytes, headers: Mapping[bytes, bytes], /
    ) -> tuple[list[dict[str, Any]], Any]:
        """The rows in ``body``, and a context that ``body`` is given back.

        ``headers`` have lower-case names. Raises ``RequestError`` for what can't be read.
        """
        ...

    def body(self, context: Any, scored: ScoredRows, /) -> tuple[bytes, Mapping[str, str]]:
        """The answer, and headers besides: ``content-type`` too where it isn't JSON."""
        ...
