"""The expectations that fit each kind of answer (the table of docs/behavioural-cases.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packager.manifest.base import Task
from packager.manifest.case import Case
from packager.manifest.case_terms import ExpectationKind
from packager.manifest.outputs import Output, OutputKind

FITTING: Mapping[OutputKind, tuple[ExpectationKind, ...]] = {
    "number": ("increases", "decreases", "same", "within", "between"),
    "score": ("increases", "decreases", "same", "within", "between"),
    "label": ("increases", "decreases", "same", "within", "between", "label"),
    "labels": ("increases", "decreases", "same", "within", "between", "label"),
    "numbers": ("same", "within", "between"),
    "quantiles": ("same", "within", "between"),
    "array": ("same", "within", "between"),
    "text": ("same", "label"),
    "json": ("same", "within"),
}
"""Kind of an answer → the expectations that it can be held to."""
WITH_LABEL: tuple[OutputKind, ...] = ("label", "labels")
"""Kinds with classes, whose numbers are probabilities."""
OF_ALL: tuple[ExpectationKind, ...] = ("same", "within")
"""Expectations that can be held against all outputs together."""
WITHOUT_ANSWER = ("metamorphic", "minimum", "golden")
"""Kinds of cases that compare whole answers, or none."""


def compared_output(case: Case, task: Task, outputs: Sequence[Output]) -> OutputKind | None:
    """The kind of the answer that ``case`` compares; None for all outputs together.

    Raise ``ValueError`` if the case doesn't fit what the model answers.
    """
    if task != "outputs":
        if case.output is not None:
            raise _wrong(case, "`output` is for packages with [outputs] only")
        return "number" if task == "regression" else "label"
    names = [output.name for output in outputs]
    if case.output is None:
        if len(outputs) == 1:
            return outputs[0].kind
        if case.kind in WITHOUT_ANSWER or case.expectation.kind in OF_ALL:
            return None
        raise _wrong(case, f"expected `output`, one of {', '.join(names)}, got none")
    if case.output not in names:
        raise _wrong(
            case, f"expected `output` to be one of {', '.join(names)}, got {case.output!r}"
        )
    return outputs[names.index(case.output)].kind


def check_answers(case: Case, task: Task, outputs: Sequence[Output]) -> None:
    """Raise ``ValueError`` if ``case`` expects what these answers can't be held to."""
    kind = compared_output(case, task, outputs)
    if case.label is not None and kind not in WITH_LABEL:
        raise _wrong(case, f"`label` is for answers with classes, got {kind or 'several outputs'}")
    if kind is None or case.kind in WITHOUT_ANSWER:
        return
    expected = case.expectation.kind
    if expected not in FITTING[kind]:
        fitting = ", ".join(FITTING[kind])
        raise _wrong(
            case, f"an answer of kind {kind} can be expected to be {fitting}, not {case.expect!r}"
        )


def _wrong(case: Case, text: str) -> ValueError:
    return ValueError(f"[[test.case]] {case.name!r}: {text}")
