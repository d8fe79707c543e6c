"""What a model answers, if that is not one label or number."""

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
    """The shape of one answer, of kinds ``numbers`` and ``array``; None if unknown."""

    @property
    def spec(self) -> OutputSpec:
        """For the model host."""
        return OutputSpec(self.name, self.kind, self.classes, self.levels, self.shape)


def targets_of(outputs: tuple[Output, ...]) -> tuple[str, ...]:
    """The columns with right answers, each once, in the order of the outputs."""
    return tuple(dict.fromkeys(name for output in outputs for name in output.target))


def completed(outputs: tuple[Output, ...], specs: tuple[OutputSpec, ...]) -> tuple[Output, ...]:
    """``outputs`` with the classes and shapes of ``specs``, in the same order."""
    return tuple(
        output.model_copy(update={"classes": spec.classes, "shape": spec.shape})
        for output, spec in zip(outputs, specs, strict=True)
    )
