"""Inputs and answers of a model, for its card."""

from __future__ import annotations

from packager.manifest.manifest import Column, Manifest, Schema
from packager.report.card_tables import CardTable
from packager.report.numbers import number
from packager.text import listed

MAX_VALUES = 8
"""Values of a column, or classes of an answer, that are listed."""


def predicts(manifest: Manifest) -> str:
    """A sentence: what the model predicts from how many inputs."""
    count = len(manifest.schema_.features)
    inputs = f"{count:,} input{'' if count == 1 else 's'}"
    target = manifest.schema_.target
    if manifest.schema_.outputs:
        names = ", ".join(output.name for output in manifest.schema_.outputs)
        return f"Answers {names} from {inputs}."
    what = target.name if target is not None else f"a {_answer(manifest)}"
    kind = "Classifies" if manifest.task == "classification" else "Predicts"
    return f"{kind} {what} from {inputs}."


def _answer(manifest: Manifest) -> str:
    return "label" if manifest.task == "classification" else "number"


def input_table(schema: Schema) -> CardTable:
    """A row for each input; values seen in training, but none of personal data."""
    heads = ("input", "kind", "null", "values in training", "in requests")
    rows = [_input(column, "required") for column in schema.features]
    rows += [_input(column, "optional, for slices only") for column in schema.extras]
    return CardTable(heads, tuple(rows))


def _input(column: Column, needed: str) -> tuple[str, str, str, str, str]:
    shape = "" if column.shape is None else f" {list(column.shape)}"
    needed = needed if column.default is None else f"default {column.default}"
    null = "allowed" if column.nullable else "not in training"
    return column.name, f"{column.kind}{shape}", null, _values(column), needed


def _values(column: Column) -> str:
    if column.personal is not None:
        return f"not recorded: {column.personal}"
    if column.categories is not None:
        return listed([str(value) for value in column.categories], MAX_VALUES)
    if column.kind == "datetime" or column.minimum is None or column.maximum is None:
        return ""
    return f"{number(column.minimum)} to {number(column.maximum)}"


def output_table(manifest: Manifest) -> CardTable:
    """A row for each answer."""
    schema = manifest.schema_
    heads = ("answer", "kind", "classes or shape", "right answers in")
    rows: list[tuple[str, str, str, str]] = [
        (
            output.name,
            output.kind,
            listed([str(value) for value in output.classes or ()], MAX_VALUES)
            or _shape(output.shape),
            ", ".join(output.right),
        )
        for output in schema.outputs
    ]
    if not rows:
        target = "" if schema.target is None else schema.target.name
        classes = listed([str(value) for value in schema.classes or ()], MAX_VALUES)
        rows = [("prediction", _answer(manifest), classes, target)]
    return CardTable(heads, tuple(rows))


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else str(list(shape))
