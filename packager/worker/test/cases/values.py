"""The compared part of an answer: one or several numbers, a label, or the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.class_labels import class_text
from packager.data.case_answers import WITH_LABEL, compared_output
from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.case import Case
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import OutputKind

Answer = Mapping[str, Any]
"""As ``/predict`` gives it: ``prediction``, and ``probabilities`` if there are any."""
ONE_CLASS = ("increases", "decreases", "between")
"""Expectations of one number, which of several classes has to be named."""


@dataclass(frozen=True)
class ComparedValue:
    """The part of an answer that a case compares."""

    kind: OutputKind | None
    """None: all outputs."""
    output: str | None
    """Its name, if there are several."""
    label: str | None = None
    """The class whose probability is the number, as text."""

    @classmethod
    def of(cls, case: Case, manifest: Manifest) -> ComparedValue:
        """Raise ``UsageError`` if the case names no class of several, or an unknown one."""
        outputs = manifest.schema_.outputs
        try:
            kind = compared_output(case, manifest.task, outputs)
        except ValueError as error:
            raise UsageError(str(error), "see docs/behavioural-cases.md") from error
        name = case.output if len(outputs) > 1 else None
        if kind not in WITH_LABEL:
            return cls(kind, name)
        classes = manifest.schema_.classes
        if outputs:
            classes = next(o.classes for o in outputs if name is None or o.name == name)
        return cls(kind, name, _label(case, classes))

    def prediction(self, answer: Answer) -> Any:
        """The label, number or document."""
        prediction = answer["prediction"]
        return prediction if self.output is None else prediction[self.output]

    def whole(self, answer: Answer) -> Any:
        """The prediction with its probabilities."""
        return {"prediction": self.prediction(answer), "probabilities": self._chances(answer)}

    def numbers(self, answer: Answer) -> list[float]:
        """The numbers that are compared; empty if the answer has none, such as for null.

        Raise ``UsageError`` for a label without probabilities.
        """
        if self.kind in WITH_LABEL:
            chances = self._chances(answer)
            if not chances:
                raise UsageError(
                    "expected probabilities, and this model gives none",
                    'expect "same" or "label:…", which need none',
                )
            if self.label is not None:
                return list(_numbers(chances.get(self.label)))
            return list(_numbers(chances))
        return list(_numbers(self.prediction(answer)))

    def has_label(self, answer: Answer, label: str) -> bool:
        """Whether the answer is ``label``, or holds it."""
        prediction = self.prediction(answer)
        if isinstance(prediction, list):
            return label in [class_text(one) for one in prediction]
        return prediction is not None and class_text(prediction) == label

    def shown(self, answer: Answer) -> Any:
        """The value in a report: the number of a class with its label, or the prediction."""
        if self.label is not None and (chances := self._chances(answer)):
            return chances.get(self.label)
        return self.prediction(answer)

    def _chances(self, answer: Answer) -> Mapping[str, Any]:
        chances: Mapping[str, Any] = answer.get("probabilities") or {}
        return chances if self.output is None else chances.get(self.output) or {}


def _label(case: Case, classes: tuple[Scalar, ...] | None) -> str | None:
    """The class whose probability is compared; None for all, or for a label itself."""
    names = [class_text(class_) for class_ in classes or ()]
    expected = case.expectation.label or (None if case.label is None else class_text(case.label))
    if expected is not None and names and expected not in names:
        raise UsageError(
            f"case {case.name!r}: expected one of the model's classes, {', '.join(names[:20])}, "
            f"got {expected!r}",
            "correct the label",
        )
    if case.expectation.kind == "label":
        return None
    if expected is None and case.expectation.kind in ONE_CLASS and case.kind != "metamorphic":
        if len(names) == 2:
            return names[1]
        raise UsageError(
            f"case {case.name!r}: expected `label`, the class whose probability is compared, got "
            "none",
            f"name one of {', '.join(names[:20])}" if names else "name a class of the model",
        )
    return expected


def _numbers(value: Any) -> Iterator[float]:
    """The numbers of a JSON value, in order; NaN for null."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)
    elif value is None:
        yield float("nan")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
