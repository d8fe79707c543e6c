"""Formats a ``Difference`` of two packages as text and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

from packager.compare.records import (
    Change,
    Changes,
    DataDifference,
    Difference,
    EvaluationDifference,
    LayerEntry,
    LayersDifference,
    Requirement,
)
from packager.data.row_overlap import Overlap, Rows, Share
from packager.report.numbers import change as change_of
from packager.report.numbers import number
from packager.report.table import pairs, table
from packager.text import format_bytes, listed

SIGNS = {"added": "+", "removed": "-"}
DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}")
MAX_SHOWN = 8  # items of a list; --json has them all


def as_json(difference: Difference) -> dict[str, Any]:
    """All fields; ``same`` is true if there is no difference."""
    return {"same": difference.same, **difference.model_dump(mode="json", by_alias=True)}


def as_text(difference: Difference, columns: int | None = None) -> str:
    """A section per part that differs, a line per difference: + added, - removed, ~ changed.

    A is the package named first, B the second.
    """
    lines = [f"A  {difference.before.name}", f"B  {difference.after.name}"]
    if difference.same:
        return "\n".join([*lines, "", "no differences"])
    for title, section in _sections(difference, columns):
        body = [f"  {line}" for line in section]
        lines += ["", title, *body] if body else []
    return "\n".join(lines)


def _sections(difference: Difference, columns: int | None) -> Iterator[tuple[str, Iterable[str]]]:
    yield "package", _changes(difference.package)
    yield "Python, platform and base", _changes(difference.platform)
    yield "requirements", map(_requirement, difference.requirements)
    yield "data", _data(difference.data)
    yield "flow and members", _changes(difference.solution)
    yield "code", _changes(difference.code)
    yield "recipe", _changes(difference.recipe)
    yield "serve", _changes(difference.serve)
    yield "slices", _changes(difference.slices)
    yield "runtime", _changes(difference.runtime)
    yield "numerical environment", _changes(difference.environment)
    yield "compiled form", _changes(difference.compiled)
    yield "schema", _changes(difference.schema_)
    yield "model", _changes(difference.model)
    yield "metrics", _evaluation(difference.evaluation, columns)
    yield "findings in the data", _changes(difference.findings)
    yield "training twice", _changes(difference.repeatability)
    yield "metrics of other seeds", _spread(difference.seed_variance)
    yield "files in /package", _changes(difference.files)
    yield "image settings", _changes(difference.image)
    yield "layers", _layers(difference.layers)
    if difference.companion is not None:
        yield "companion, with the image's layers", _companion(difference)


def _changes(changes: Changes, between: str = ".") -> Iterator[str]:
    rows = [
        (f"{SIGNS.get(change.change, '~')} {between.join(change.path)}", _values(change))
        for change in changes
    ]
    yield from pairs(rows).splitlines()


def _spread(changes: Changes) -> Iterator[str]:
    """Metrics as mean ± standard deviation over the seeds; the seeds as a list."""
    metrics = [change for change in changes if "seeds" not in change.path]
    shown = [
        change.model_copy(update={"before": _chance(change.before), "after": _chance(change.after)})
        for change in metrics
    ]
    yield from _changes(tuple(change for change in changes if "seeds" in change.path))
    for line in _changes(tuple(shown)):
        yield line.replace('"', "")


def _chance(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _chance(inner) for name, inner in values.items()}
    if not isinstance(values, list | tuple):
        return values
    return f"{number(fmean(values))} ± {number(stdev(values) if len(values) > 1 else 0.0)}"


def _values(change: Change) -> str:
    if change.change == "added":
        return _value(change.after)
    if change.change == "removed":
        return _value(change.before)
    if isinstance(change.before, Sequence) and isinstance(change.after, Sequence):
        change_text = _moved(change.before, change.after)
        if change_text:
            return change_text
    return f"{_value(change.before)} → {_value(change.after)}"


def _moved(before: Sequence[Any], after: Sequence[Any]) -> str:
    """Items removed from and added to a list; empty for text and if the order has changed."""
    if isinstance(before, str) or isinstance(after, str):
        return ""
    one, other = ([_value(item) for item in items] for items in (before, after))
    gone = [item for item in one if item not in other]
    come = [item for item in other if item not in one]
    if [item for item in one if item in other] != [item for item in other if item in one]:
        return ""
    signed = (("-", gone), ("+", come))
    return "  ".join(f"{sign} {listed(items, MAX_SHOWN)}" for sign, items in signed if items)


def _value(value: Any) -> str:
    """A value as JSON, except that digests and long lists are shortened."""
    if isinstance(value, str) and (digest := DIGEST.fullmatch(value)):
        return digest[1]
    if isinstance(value, dict):
        return listed([f"{name} {_value(inner)}" for name, inner in value.items()], MAX_SHOWN)
    if isinstance(value, list | tuple):
        return f"[{listed([_value(item) for item in value], MAX_SHOWN)}]"
    return json.dumps(value, ensure_ascii=False)


def _requirement(requirement: Requirement) -> str:
    one, other = requirement.before, requirement.after
    if one is None or other is None:
        wheel = other or one
        version = wheel.version if wheel else ""
        return f"{SIGNS[requirement.change]} {requirement.name} {version}"
    if requirement.change == "version":
        return f"~ {requirement.name} {one.version} → {other.version}"
    if requirement.change == "groups":
        groups = " → ".join(f"for {' and '.join(wheel.groups)}" for wheel in (one, other))
        return f"~ {requirement.name} {one.version}: {groups}"
    files = f"{one.filename} {one.sha256[:12]} → {other.filename} {other.sha256[:12]}"
    return f"~ {requirement.name} {one.version}, another file: {files}"


def _data(difference: DataDifference) -> Iterator[str]:
    if difference.same:
        return
    yield from _changes(difference.files, "/")
    yield from _changes(difference.settings)
    for how in ("added", "removed", "changed"):
        names = [change.path[0] for change in difference.columns if change.change == how]
        if names:
            yield f"columns {how}: {', '.join(names)}"
    if difference.types_differ:
        yield "columns differ in name, logical type, nullability or order"
    if difference.rows is not None:
        yield from _rows(difference.rows, moved=not difference.columns)


def _rows(rows: Rows, *, moved: bool) -> Iterator[str]:
    count = f"rows: {rows.before} → {rows.after}" if rows.before != rows.after else "rows"
    if rows.verdict == "equal":
        yield f"{count}: the same {rows.after}, in the same order"
    elif rows.verdict == "reordered":
        yield f"{count}: the same {rows.after}, in another order"
    elif rows.verdict == "incomparable":
        yield f"{count}: can't be compared, the columns differ"
    else:
        yield f"{count}: values moved between rows" if moved else f"{count}: differ"
    if rows.overlap is not None:
        yield from _overlap(rows.overlap)


def _overlap(overlap: Overlap) -> Iterator[str]:
    how = "exact" if overlap.exact else f"estimated from {overlap.sample} row hashes, 95 % interval"
    for share, mine, other in ((overlap.of_before, "A", "B"), (overlap.of_after, "B", "A")):
        if share is not None:
            share_text = _share(share, exact=overlap.exact)
            yield f"of the distinct rows of {mine}, {share_text} are in {other} ({how})"


def _share(share: Share, *, exact: bool) -> str:
    if exact:
        return f"{share.value:.2%}"
    return f"about {share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _evaluation(difference: EvaluationDifference, columns: int | None) -> Iterator[str]:
    for sign, names in (("-", difference.slices_removed), ("+", difference.slices_added)):
        for name in names:
            yield f"{sign} slice {name}"
    rows = [
        (
            metric.slice or "all",
            metric.metric,
            metric.before,
            metric.after,
            change_of(metric.difference),
        )
        for metric in difference.metrics
    ]
    heads = ("rows", "metric", "A", "B", "difference")
    yield from table(heads, rows, columns and columns - 2, right=("difference",)).splitlines()


def _layers(difference: LayersDifference) -> Iterator[str]:
    if difference.equal:
        size = format_bytes(sum(layer.size for layer in difference.equal))
        yield f"= {', '.join(layer.name for layer in difference.equal)}: {size}"
    yield from _unlike(difference.only_before, difference.only_after)
    yield from _bytes(difference)


def _companion(difference: Difference) -> Iterator[str]:
    if difference.companion is None:
        return
    for side, name in ((difference.before, "A"), (difference.after, "B")):
        if not side.companion:
            yield f"{name} has no companion: its image counts"
    shown = {
        layer.diff_id for layer in (*difference.layers.only_before, *difference.layers.only_after)
    }
    before, after = (
        [layer for layer in layers if layer.diff_id not in shown]
        for layers in (difference.companion.only_before, difference.companion.only_after)
    )
    yield from _unlike(before, after)
    yield from _bytes(difference.companion)


def _unlike(before: Sequence[LayerEntry], after: Sequence[LayerEntry]) -> Iterator[str]:
    rows = [
        (f"{sign} {layer.name}", format_bytes(layer.size), _value(layer.diff_id))
        for sign, layers in (("-", before), ("+", after))
        for layer in layers
    ]
    yield from table(("layer", "size", "diff id"), rows, right=("size",)).splitlines()


def _bytes(difference: LayersDifference) -> Iterator[str]:
    yield f"to ship: {format_bytes(difference.to_ship)} that A lacks"
    load = format_bytes(difference.to_load)
    yield f"to load into an engine that has A: {load}, all above the first layer that differs"
