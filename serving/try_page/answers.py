"""The prediction for a row as HTML, by the kinds of the model's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.metrics.class_labels import class_text
from monitoring.scoring.levels import number_name
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from packager.text import escape_markup
from serving.protocols.v2_outputs import outputs_of
from serving.try_page.charts import MAX_TEXT, bar, grid, interval, pairs, shown, tag

MAX_BARS = 12
"""Probabilities that are shown at once; the others open on demand."""
MAX_LISTED = 60
"""Numbers, or items of a list, that are shown one by one."""


def answer_html(manifest: Manifest, answer: Mapping[str, Any]) -> str:
    """The prediction and probabilities of one row, as ``/predict`` answers them."""
    outputs = outputs_of(manifest)
    chances = answer.get("probabilities")
    if len(outputs) == 1:
        return _output(outputs[0], answer.get("prediction"), chances)
    values = _record(answer.get("prediction"))
    by_output = _record(chances)
    return "".join(
        '<section class="output">'
        f"<h3>{escape_markup(output.name)}</h3>"
        f"{_output(output, values.get(output.name), by_output.get(output.name))}</section>"
        for output in outputs
    )


def _output(output: Output, value: Any, chances: Any) -> str:
    if value is None:
        return tag("p", "no prediction: the model gave no finite number", "note")
    if output.kind == "quantiles":
        return _quantiles(output, _record(value))
    if output.kind in ("numbers", "array"):
        return _numbers(output, value)
    if output.kind == "labels":
        return _labels(value, chances)
    if output.kind == "text":
        return tag("p", shown(value), "told")
    if output.kind == "json":
        return _document(output, value)
    markup = tag("p", shown(value), "answer")
    if output.kind == "score":
        markup += tag("p", "a score: higher is further up the ranking, or more unusual", "note")
    return markup + _bars(chances, {class_text(value)})


def _bars(chances: Any, chosen: set[str]) -> str:
    """Probabilities, the greatest first."""
    if not isinstance(chances, Mapping) or not chances:
        return ""
    ordered = sorted(chances.items(), key=lambda pair: -_size(pair[1]))
    items = [bar(name, share, chosen=name in chosen) for name, share in ordered]
    rest = ""
    if len(items) > MAX_BARS:
        more = f"{len(items) - MAX_BARS} more"
        rest = f"<details><summary>{more}</summary>{_list(items[MAX_BARS:])}</details>"
    return _list(items[:MAX_BARS]) + rest


def _list(items: Sequence[str]) -> str:
    return f'<ul class="bars">{"".join(items)}</ul>'


def _size(share: Any) -> float:
    return share if isinstance(share, int | float) else -1.0


def _labels(value: Any, chances: Any) -> str:
    names = [class_text(label) for label in value] if isinstance(value, list) else []
    chips = "".join(tag("span", shown(name), "chip") for name in names)
    markup = tag("p", chips or "no label", "chips")
    return markup + _bars(chances, set(names))


def _quantiles(output: Output, value: Mapping[str, Any]) -> str:
    levels = [number_name(level) for level in output.levels or ()]
    numbers = [value.get(level) for level in levels]
    if not any(isinstance(number, list) for number in numbers):
        rows = [
            (f"quantile {shown(name)}", shown(one))
            for name, one in zip(levels, numbers, strict=True)
        ]
        middle = value.get("0.5")
        head = tag("p", shown(middle), "answer") if middle is not None else ""
        return head + interval(numbers) + pairs(rows)
    steps = max(len(number) for number in numbers if isinstance(number, list))
    names = _names(output, steps)
    heads = ["step", *(shown(level) for level in levels)]
    rows_of = [
        [
            names[at],
            *(shown(number[at] if isinstance(number, list) else None) for number in numbers),
        ]
        for at in range(steps)
    ]
    return grid(heads, rows_of)


def _numbers(output: Output, value: Any) -> str:
    flat = value if isinstance(value, list) else [value]
    if len(flat) > MAX_LISTED or any(isinstance(one, list) for one in flat):
        return _folded(f"{_extent(value)} numbers", value)
    names = _names(output, len(flat))
    return pairs([(name, shown(one)) for name, one in zip(names, flat, strict=True)])


def _names(output: Output, size: int) -> list[str]:
    """Names of the numbers of one answer: the columns or times of the target, or their places."""
    if output.times is not None and len(output.times) == size:
        return [f"until {shown(time)}" for time in output.times]
    if len(output.target) == size:
        return [escape_markup(name) for name in output.target]
    return [str(at + 1) for at in range(size)]


def _extent(value: Any) -> str:
    extents = []
    while isinstance(value, list):
        extents.append(str(len(value)))
        value = value[0] if value else None
    return " x ".join(extents)


def _document(output: Output, value: Any) -> str:
    if isinstance(value, list) and 0 < len(value) <= MAX_LISTED:
        if output.spans:
            return tag("ul", "".join(tag("li", _span(one)) for one in value), "spans")
        if not any(isinstance(one, list | Mapping) for one in value):
            return tag("ol", "".join(tag("li", shown(one)) for one in value), "items")
    return _folded("the whole answer", value)


def _span(span: Any) -> str:
    """``[start, end, label]``, or an object of them."""
    if isinstance(span, list) and len(span) == 3:
        return f"{tag('span', shown(span[2]), 'chip')} {shown(span[0])} to {shown(span[1])}"
    return shown(json.dumps(span, ensure_ascii=False))


def _folded(title: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=None)
    short = len(text) <= 400
    cut = text if len(text) <= 20 * MAX_TEXT else f"{text[: 20 * MAX_TEXT]}…"
    opened = " open" if short else ""
    return f"<details{opened}><summary>{title}</summary><pre>{escape_markup(cut)}</pre></details>"


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
