"""Description of one output of a model for its process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class OutputSpec(NamedTuple):
    """One output of a model."""

    name: str
    kind: str
    """One of ``packager.manifest.outputs.OutputKind``."""
    classes: tuple[Any, ...] | None = None
    """The labels of kinds ``label`` and ``labels``; None if unknown."""
    levels: tuple[float, ...] | None = None
    """The levels of quantiles, ascending."""
    shape: tuple[int, ...] | None = None
    """The shape of one answer, of kinds ``numbers`` and ``array``; None if unknown. Of kind
    ``quantiles`` the number of steps that each level has; None for one number."""
    times: tuple[float, ...] | None = None
    """The times of survival probabilities, ascending."""
    top: int | None = None
    """The items of a recommendation."""
    spans: bool = False
    """Whether an answer of kind ``json`` is a list of spans."""

    def as_json(self) -> list[Any]:
        """For a header; ``OutputSpec.read`` is the inverse."""
        return [list(value) if isinstance(value, tuple) else value for value in self]

    @classmethod
    def read(cls, fields: Sequence[Any]) -> OutputSpec:
        """From ``as_json``."""
        return cls._make(tuple(value) if isinstance(value, list) else value for value in fields)
