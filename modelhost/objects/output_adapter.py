"""What a fitted object of another library is served as if the package declares ``[outputs]``."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence

from modelhost.errors import PackageError
from modelhost.objects.adapter import Adapter, Inputs
from modelhost.output_spec import OutputSpec
from modelhost.predictions import checked_probabilities, is_frame


class OutputValues(NamedTuple):
    """The answers of one output, in a form that ``modelhost.outputs`` reads."""

    values: Any
    probabilities: Any = None
    """Shape (rows, classes); None if there are none."""


OutputAnswers = Callable[[Any], Mapping[str, OutputValues]]
"""From a frame, or an array of rows, to the answers of each output by its name."""


class OutputsAdapter(Adapter):
    """An object that gives the answers of all outputs in one call."""

    def __init__(
        self,
        fitted: Any,
        answers: OutputAnswers,
        inputs: Inputs,
        classes: Mapping[str, Sequence[Any]],
    ) -> None:
        """``classes``: the classes of outputs of kinds ``label`` and ``labels``, by name."""
        super().__init__(fitted, answers, inputs)
        self.classes_ = dict(classes)

    def answers(self, frame: Any) -> Mapping[str, OutputValues]:
        """The answers of each output for the rows of ``frame``."""
        answers: Mapping[str, OutputValues] = self.answer(frame)
        return answers

    def checked(
        self, frame: Any, outputs: Sequence[OutputSpec], rows: int
    ) -> tuple[list[Any], list[Any]]:
        """The values and the probabilities of each of ``outputs``, from one call.

        Raises ``PackageError`` for probabilities of another shape than (``rows``, classes).
        """
        by_name = self.answers(frame.copy(deep=False) if is_frame(frame) else frame)
        answers = [by_name[output.name] for output in outputs]
        chances = [
            None
            if answer.probabilities is None
            else checked_probabilities(answer.probabilities, rows, len(output.classes or ()))
            for output, answer in zip(outputs, answers)
        ]
        return [answer.values for answer in answers], chances

    def predict(self, frame: Any) -> Any:
        """The values of each output by its name."""
        return {name: one.values for name, one in self.answers(frame).items()}


def one_output(
    fitted: Any,
    output: OutputSpec,
    answer: Callable[[Any], OutputValues],
    inputs: Inputs,
    classes: Sequence[Any] | None = None,
) -> OutputsAdapter:
    """The adapter of an object with a single output."""
    named = {} if classes is None else {output.name: classes}
    return OutputsAdapter(fitted, lambda rows: {output.name: answer(rows)}, inputs, named)


def refuse_outputs(name: str, gives: str, outputs: Sequence[OutputSpec]) -> PackageError:
    """The error for an object that does not give what is declared; ``gives``: what it gives."""
    asked = ", ".join(f"{one.name!r} ({one.kind})" for one in outputs)
    return PackageError(
        f"{name} gives {gives}, expected what [outputs] declares: {asked}",
        "declare what it gives, or serve it by a class of the project:"
        ' [serve] predictor = "predict:Predictor"',
    )
