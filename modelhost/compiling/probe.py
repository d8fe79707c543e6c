"""The harness's probes of a model: values of single columns, and the rows that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class ProbeInput(NamedTuple):
    """One value of one column; the other columns are those of a base row."""

    column: int
    kind: str
    """``key``, ``null``, ``unknown``, ``low`` or ``high``."""
    value: bool | int | float | str | None


class Probe(NamedTuple):
    """The probes that the model predicted, each with its row in the frame for every base row."""

    columns: Sequence[Any]
    """The features of the schema: ``ColumnSpec``, or objects with its attributes."""
    frame: Any
    indices: Mapping[ProbeInput, tuple[int, ...]]
    raised: frozenset[ProbeInput]

    def of(self, column: int, kind: str) -> list[ProbeInput]:
        """The predicted probes of one kind of one column."""
        return [q for q in self.indices if q.column == column and q.kind == kind]

    def nulls(self, column: int) -> bool:
        """Whether the model accepts null in this column."""
        return bool(self.of(column, "null"))

    def bound(self, column: int, kind: str) -> float | None:
        """The most extreme number that the model accepts, ``low`` or ``high``; None if none."""
        values = [question.value for question in self.of(column, kind)]
        numbers = [float(value) for value in values if value is not None]
        return (min if kind == "low" else max)(numbers, default=None)

    def as_json(self) -> dict[str, Any]:
        """All but the columns and the frame; ``Probe.read`` is the inverse."""
        return {
            "indices": [[list(question), list(rows)] for question, rows in self.indices.items()],
            "raised": sorted((list(question) for question in self.raised), key=repr),
        }

    @classmethod
    def read(cls, columns: Sequence[Any], frame: Any, encoded: Mapping[str, Any]) -> Probe:
        """From ``as_json``."""
        indices = {ProbeInput(*question): tuple(rows) for question, rows in encoded["indices"]}
        raised = frozenset(ProbeInput(*question) for question in encoded["raised"])
        return cls(columns, frame, indices, raised)
