"""The model in a bill of materials: CycloneDX's ``modelCard``, from what a package records.

The library has no class for it, so it is added to the library's JSON.
"""

from __future__ import annotations

from typing import Any

from packager.image.config import LABEL
from packager.manifest.evaluation import MetricValues
from packager.manifest.manifest import Column, Manifest
from packager.manifest.outputs import Output
from packager.project.card_section import CardSection
from packager.worker.test.weak_slice import WeakSlices

MAX_CLASSES = 20
"""Classes that an output's format lists."""


def model_card(
    manifest: Manifest,
    data: str | None,
    texts: CardSection = CardSection(),
    weak: WeakSlices | None = None,
) -> dict[str, Any]:
    """The card of a package's model; ``data``: bom-ref of its training data.

    It has metrics of all held-out rows and of each slice, with 95 % intervals; ``texts`` of its
    author, and slices on which it was found ``weak``.
    """
    card: dict[str, Any] = {"modelParameters": _parameters(manifest, data)}
    if manifest.evaluation is not None:
        slices = sorted(manifest.evaluation.slices.items())
        named = [(None, manifest.evaluation.overall), *slices]
        card["quantitativeAnalysis"] = {
            "performanceMetrics": [
                metric for name, measured in named for metric in _metrics(name, measured)
            ]
        }
    considered = _considerations(texts, weak)
    if considered:
        card["considerations"] = considered
    facts = _facts(manifest)
    if facts:
        card["properties"] = [
            {"name": f"{LABEL}:{name}", "value": value} for name, value in sorted(facts.items())
        ]
    return card


def _parameters(manifest: Manifest, data: str | None) -> dict[str, Any]:
    outputs = manifest.schema_.outputs
    parameters: dict[str, Any] = {
        "task": manifest.task if not outputs else ", ".join(output.kind for output in outputs),
        "inputs": [{"format": input_format(column)} for column in manifest.schema_.features],
        "outputs": [{"format": text} for text in output_formats(manifest)],
    }
    supervised = manifest.data != "none" and (
        manifest.data.target is not None or any(output.target for output in outputs)
    )
    if supervised:
        parameters["approach"] = {"type": "supervised"}
    if data is not None:
        parameters["datasets"] = [{"ref": data}]
    return parameters


def input_format(column: Column) -> str:
    """Name and kind of an input: ``age: integer``."""
    shape = "" if column.shape is None else f" of shape {list(column.shape)}"
    return f"{column.name}: {column.kind}{shape}{', or null' if column.nullable else ''}"


def output_formats(manifest: Manifest) -> list[str]:
    """A line for each output: its name, kind and classes."""
    schema = manifest.schema_
    if schema.outputs:
        return [_output_format(output) for output in schema.outputs]
    if manifest.task == "regression":
        return ["number"]
    return [f"label{_classes(schema.classes)}"]


def _output_format(output: Output) -> str:
    shape = "" if output.shape is None else f" of shape {list(output.shape)}"
    return f"{output.name}: {output.kind}{shape}{_classes(output.classes)}"


def _classes(classes: tuple[Any, ...] | None) -> str:
    if not classes:
        return ""
    if len(classes) > MAX_CLASSES:
        return f", one of {len(classes):,} classes"
    return f", one of {', '.join(map(str, classes))}"


def _metrics(slice_: str | None, measured: MetricValues) -> list[dict[str, Any]]:
    metrics = []
    for name, value in sorted(measured.values.items()):
        metric: dict[str, Any] = {"type": name, "value": repr(value)}
        if slice_ is not None:
            metric["slice"] = slice_
        if name in measured.intervals:
            low, high = measured.intervals[name]
            metric["confidenceInterval"] = {"lowerBound": repr(low), "upperBound": repr(high)}
        metrics.append(metric)
    return metrics


def _considerations(texts: CardSection, weak: WeakSlices | None) -> dict[str, Any]:
    limits = [texts.limitations, texts.out_of_scope and f"Not for: {texts.out_of_scope}"]
    limits += [
        f"Weak slice: {one.condition}: loss {one.loss!r}, expected {one.expected!r}, "
        f"{one.rows} rows"
        for one in (weak.slices if weak is not None else ())
    ]
    considerations: dict[str, Any] = {}
    if texts.intended_use:
        considerations["useCases"] = [texts.intended_use]
    if any(limits):
        considerations["technicalLimitations"] = [text for text in limits if text]
    if texts.ethics:
        considerations["ethicalConsiderations"] = [{"name": texts.ethics}]
    return considerations


def _facts(manifest: Manifest) -> dict[str, str]:
    """Facts that the card has no field for: replay, rows, personal data."""
    facts: dict[str, str] = {"replay.level": manifest.level}
    if manifest.evaluation is not None:
        facts["held-out.rows"] = str(manifest.evaluation.overall.rows)
        facts["interval"] = "95 %"
    for column in manifest.schema_.features:
        if column.personal is not None:
            facts[f"personal.{column.name}"] = column.personal
    return facts
