"""Structured outputs of a model: more than one label or number."""

from __future__ import annotations

from typing import Literal

from modelhost.output_spec import OutputSpec
from packager.manifest.base import FrozenModel, Scalar

OutputKind = Literal[
    "label", "number", "labels", "numbers", "quantiles", "score", "array", "text", "json"
]
"""``labels``: any number of them for a row; ``score``: higher is more anomalous; ``array``: numbers
without a right answer, such as an embedding; ``json``: anything else."""


class Output(FrozenModel):
    """One output."""

    name: str
    kind: OutputKind
    target: tuple[str, ...] = ()
    """The columns with the right answer; empty if the data have none."""
    classes: tuple[Scalar, ...] | None = None
    """The labels of kinds ``label`` and ``labels``; None if unknown."""
    levels: tuple[float, ...] | None = None
    """The levels of quantiles, ascending."""
    shape: tuple[int, ...] | None = None
    """The shape of one answer, of kinds ``numbers`` and ``array``; None if unknown. Of kind
    ``quantiles`` the number of steps that each level has; None for one number."""
    group: str | None = None
    """The column with the query of a row, of a ranking."""
    k: int | None = None
    """The places of a ranking that NDCG counts."""
    event: str | None = None
    """The column that says whether the event was seen at the time in ``target`` (survival)."""
    times: tuple[float, ...] | None = None
    """The times of the survival probabilities of kind ``numbers``."""
    top: int | None = None
    """The items of a recommendation of kind ``json`` that count."""
    spans: bool = False
    """Whether an answer of kind ``json`` is a list of spans."""

    @property
    def right(self) -> tuple[str, ...]:
        """The columns that say what is right: targets, and the event of survival."""
        return self.target if self.event is None else (*self.target, self.event)

    @property
    def spec(self) -> OutputSpec:
        """For the model host."""
        return OutputSpec(
            self.name,
            self.kind,
            self.classes,
            self.levels,
            self.shape,
            self.times,
            self.top,
            self.spans,
        )


def targets_of(outputs: tuple[Output, ...]) -> tuple[str, ...]:
    """The columns with right answers, each once, in the order of the outputs."""
    return tuple(dict.fromkeys(name for output in outputs for name in output.right))


def completed(outputs: tuple[Output, ...], specs: tuple[OutputSpec, ...]) -> tuple[Output, ...]:
    """``outputs`` with the classes and shapes of ``specs``, in the same order."""
    return tuple(
        output.model_copy(update={"classes": spec.classes, "shape": spec.shape})
        for output, spec in zip(outputs, specs, strict=True)
    )
