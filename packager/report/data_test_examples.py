"""Weak slices and behavioural cases on the page of a test on new data, with their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packager.manifest.read_options import toml_text
from packager.report.data_test_forest import state
from packager.report.data_test_plot import data_table, folded, shortened, words
from packager.report.numbers import interval, number, percent
from packager.report.page import table_box
from packager.testing.ordered import worst_first
from packager.text import escape_in_literal, escape_markup
from packager.worker.test.details import WeakDetails, WeakSliceDetails
from packager.worker.test.report import Check, FamilyReport

MAX_SHOWN = 50
"""Weak slices, and cases, with their rows; report.json has all."""
MAX_COLUMNS = 40
MAX_CELL = 200
WEAK_HEADS = (
    *("slice", "rows", "share", "loss", "expected", "excess", "95 % interval of the excess"),
)


def weak_slices(family: FamilyReport) -> str:
    """A card for each confirmed slice, with the line to paste; empty if there are none."""
    found = WeakDetails.of(family.details)
    if found is None or not found.slices:
        return "<p>No slice is confirmed to be worse than expected.</p>" if family.checks else ""
    cards = "".join(
        _weak(one, f"weak_{place}") for place, one in enumerate(found.slices[:MAX_SHOWN], 1)
    )
    return cards + data_table("weak slices", WEAK_HEADS, map(_weak_row, found.slices))


def rules_line(name: str, rule: str) -> str:
    """The line of ``[slices.rules]`` that declares a slice."""
    return escape_in_literal(f"{name} = {toml_text(rule)}").replace("\n", "\\n")


def case_cards(checks: Sequence[Check]) -> str:
    """A card for each case, failed ones first."""
    ordered = worst_first(checks)
    cards = "".join(map(_case, ordered[:MAX_SHOWN]))
    rows = (
        (one.name, one.metric, one.verdict, number(one.now), number(one.limit), one.rows, one.why)
        for one in ordered
    )
    heads = ("case", "kind", "verdict", "now", "limit", "rows", "why")
    return cards + data_table("cases", heads, rows)


def example_table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows that show something, one column for each of their keys; empty without rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))[:MAX_COLUMNS]
    heads = [shortened(name, 40) for name in names]
    return table_box(
        shortened(title), heads, ([_text(row, name) for name in names] for row in rows)
    )


def _weak(found: WeakSliceDetails, name: str) -> str:
    """A slice: what it loses, the line to paste, its rows."""
    excess = f"{number(found.loss)} instead of {number(found.expected)}"
    line = escape_markup(rules_line(name, found.rule))
    rows = example_table(f"rows of {found.rule}", found.examples)
    said = (
        f"{number(found.rows)} rows ({percent(found.share)}), loss {excess}; the excess is "
        f"{number(found.excess)} ({interval((found.low, found.high))}), measured on rows that did "
        "not find it."
    )
    return (
        f'<article><h3>{words(found.rule, 300)}</h3><p>{said}</p><p class="note">To watch it, '
        f"put this line below <code>[slices.rules]</code> of package.toml:</p>"
        f'<pre class="scroll" tabindex="0"><code>{line}</code></pre>'
        f"{folded(f'{len(found.examples)} rows of it', rows) if rows else ''}</article>"
    )


def _weak_row(found: WeakSliceDetails) -> tuple[str | int, ...]:
    return (
        found.rule,
        found.rows,
        percent(found.share),
        number(found.loss),
        number(found.expected),
        number(found.excess),
        interval((found.low, found.high)),
    )


def _case(check: Check) -> str:
    rows = example_table(f"rows of {check.name}", check.examples)
    kind = f" <small>{words(check.metric)}</small>" if check.metric else ""
    return (
        f'<article class="{state(check)}"><h3>{words(check.name)}{kind}'
        f' <span class="badge {state(check)}">{check.verdict}</span></h3>'
        f"<p>{words(check.why, 500)}</p>"
        f"{folded('worst rows', rows) if rows else ''}</article>"
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shortened(plain, MAX_CELL)


def examples_of(checks: Sequence[Check]) -> Iterator[str]:
    """The rows of checks that did not pass, folded."""
    for check in worst_first(checks)[:MAX_SHOWN]:
        if check.verdict == "passed" or not check.examples:
            continue
        yield folded(f"rows of {check.name}", example_table(check.name, check.examples))
