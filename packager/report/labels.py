"""Formats labelling schemes, labels that were added, and the agreement of annotators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packager.labelling.agreement import CERTAIN, AgreementReport, Coefficient, EstimatedErrors
from packager.labelling.overview import SchemeOverview
from packager.manifest.label_schemes import LabelScheme
from packager.report.numbers import number
from packager.report.table import Cell, pairs, table
from packager.tables.labels.commit import AddedLabels
from packager.text import escape_control_characters, listed

MAX_LISTED = 12
_LEVELS = {
    "nominal": "as classes",
    "ordinal": "as classes in their order",
    "interval": "as numbers",
}


def added_text(added: AddedLabels, skipped: Mapping[str, int]) -> str:
    """The outcome for the labels of a file."""
    number = added.version.number
    unchanged = f"unchanged: version {number} has these labels already"
    lines = [unchanged if added.unchanged else f"version {number}: {added.added:,} labels added"]
    if added.replaced:
        lines.append(f"  replaced  {added.replaced:,}, which older versions keep")
    if added.repeated:
        lines.append(f"  repeated  {added.repeated:,}, which are stored once")
    lines += [f"  skipped   {count:,} {reason}" for reason, count in sorted(skipped.items())]
    return "\n".join(lines)


def schemes_text(overviews: Iterable[SchemeOverview], columns: int | None = None) -> str:
    """A section for each scheme; a sentence if there is none."""
    sections = [_scheme_section(one, columns) for one in overviews]
    return "\n\n".join(sections) or "no labelling scheme"


def _scheme_section(one: SchemeOverview, columns: int | None) -> str:
    body = pairs(_facts(one), columns, indent=2)
    return f"{escape_control_characters(one.scheme.name)}\n{body}"


def _facts(one: SchemeOverview) -> Iterator[tuple[str, str]]:
    yield "labels", scheme_line(one.scheme)
    yield "key", ", ".join(one.key) or "row hash"
    people = [f"{name} {count:,}" for name, count in one.annotators.items()]
    yield "annotators", listed(people, MAX_LISTED) or "none"
    share = one.labelled / one.rows if one.rows else 0.0
    yield "rows", f"{one.labelled:,} of {one.rows:,} labelled ({share:.1%})"
    if one.counts:
        counts = [f"{text} {count:,}" for text, count in one.counts.items()]
        yield "classes", listed(counts, MAX_LISTED)
    if one.disputed:
        yield "disputed", f"{one.disputed:,} rows, {one.unresolved:,} of them without a label"
    if one.elsewhere:
        yield "no row", f"{one.elsewhere:,} labelled keys that no row of this version has"


def scheme_line(scheme: LabelScheme) -> str:
    """A scheme in a few words: ``good, bad; majority``."""
    if scheme.kind == "number":
        low, high = scheme.minimum, scheme.maximum
        bounds = [f"at least {low:.15g}"] if low is not None else []
        bounds += [f"at most {high:.15g}"] if high is not None else []
        within = f" of {' and '.join(bounds)}" if bounds else ""
        apart = f", disputed beyond {scheme.tolerance:.15g}" if scheme.tolerance else ""
        return f"numbers{within}; {scheme.resolve}{apart}"
    between = " < " if scheme.ordered else ", "
    return f"{listed(scheme.texts, MAX_LISTED, between) or 'any text'}; {scheme.resolve}"


def labels_text(rows: Iterable[Mapping[str, Any]], columns: int | None = None) -> str:
    """A line for each label; ``source`` is the beginning of its file's sha256."""
    shown = list(rows)
    heads = list(shown[0]) if shown else []
    cells = [[_cell(name, value) for name, value in row.items()] for row in shown]
    return table(heads, cells, columns) if shown else "no labels"


def _cell(name: str, value: Any) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else ""
    if name == "source":
        return str(value)[:12]
    return value if isinstance(value, int | float | str) else ""


def agreement_text(report: AgreementReport, columns: int | None = None) -> str:
    """The coefficients with their intervals, then each pair of annotators."""
    facts = [
        ("annotators", listed(report.annotators, MAX_LISTED) or "none"),
        (
            "labelled",
            f"{report.labels:,} labels on {report.rows:,} rows, compared {_LEVELS[report.level]}",
        ),
        ("compared", f"{report.rows_compared:,} rows with labels of two annotators or more"),
        ("disputed", f"{report.disputed:,} rows"),
        ("Krippendorff's alpha", _coefficient(report.alpha)),
    ]
    if report.fleiss is not None:
        facts.append(("Fleiss' kappa", _coefficient(report.fleiss)))
    if report.errors is not None:
        errors = report.errors
        shares = [f"{n} {s:.1%}" for n, s in zip(errors.classes, errors.shares, strict=True)]
        facts.append(("estimated classes", listed(shares, MAX_LISTED)))
        facts.append(("uncertain", f"{errors.uncertain:,} rows with less than {CERTAIN:.0%}"))
        if not errors.converged:
            facts.append(("estimate", "not settled: the labels tell little about the annotators"))
    elif report.pairs:
        facts.append(("annotators' errors", f"not estimated: {report.no_errors}"))
    text = f"{escape_control_characters(report.scheme)}\n{pairs(facts, columns, indent=2)}"
    if report.pairs:
        heads = ("annotator", "annotator ", "rows", "same", "Cohen's kappa", "95 %", "note")
        cells = [
            (
                pair.one, pair.other, pair.kappa.rows, f"{pair.same:.1%}", number(pair.kappa.value),
                _interval(pair.kappa), pair.kappa.note,
            )
            for pair in report.pairs
        ]  # fmt: skip
        text += f"\n\n{table(heads, cells, columns, right=('rows', 'same', heads[4]))}"
    if report.pairs_left_out:
        text += f"\n{report.pairs_left_out:,} more pairs with fewer rows"
    if report.errors is not None:
        text += f"\n\n{_rights(report.errors, columns)}"
    return text


def _rights(errors: EstimatedErrors, columns: int | None) -> str:
    heads = ("annotator", "labels", "estimated right")
    cells = [
        (annotator.name, annotator.labels, f"{annotator.accuracy:.1%}")
        for annotator in errors.annotators
    ]
    return table(heads, cells, columns, right=heads[1:])


def _coefficient(coefficient: Coefficient) -> str:
    between = _interval(coefficient)
    interval = f" ({between})" if between else ""
    note = f"; {coefficient.note}" if coefficient.note else ""
    return (
        coefficient.note
        if coefficient.value is None
        else f"{number(coefficient.value)}{interval}{note}"
    )


def _interval(coefficient: Coefficient) -> str:
    return (
        ""
        if coefficient.low is None
        else f"{number(coefficient.low)} to {number(coefficient.high)}"
    )
