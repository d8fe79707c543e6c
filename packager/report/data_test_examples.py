"""Weak slices and behavioural cases on the page of a test on new data, with their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packager.report.data_test_forest import state
from packager.report.data_test_plot import data_table, folded, shortened, words
from packager.report.numbers import interval, number, percent
from packager.report.page import table_box
from packager.testing.ordered import worst_first
from packager.text import escape_in_literal, escape_markup
from packager.worker.test.details import WeakDetails, WeakSliceDetails
from packager.worker.test.report import Check, FamilyReport
from packager.worker.test.weak import rule_line

SEARCH = "slices"
"""The metric of the check that says how many slices were tried."""
MAX_SHOWN = 50
"""Weak slices, and cases, with their rows; report.json has all."""
CELLS = "cells"
MAX_COLUMNS = 40
MAX_CELL = 200
WEAK_HEADS = (
    *("slice", "rows", "share", "loss", "expected", "excess", "95 % interval of the excess"),
)


def weak_slices(family: FamilyReport) -> str:
    """The searched slices, and a card for each confirmed one, with the line to paste."""
    details = WeakDetails.of(family.details)
    slices = () if details is None else details.slices
    searched = [check.why for check in family.checks if check.metric == SEARCH]
    paragraphs = "".join(f"<p>{words(why, 300)}</p>" for why in searched)
    cards = "".join(map(_weak, slices[:MAX_SHOWN]))
    return paragraphs + cards + data_table("weak slices", WEAK_HEADS, map(_weak_row, slices))


def rules_line(rule: str) -> str:
    """The line of ``[slices.rules]`` that declares a slice."""
    return escape_in_literal(rule_line(rule)).replace("\n", "\\n")


def case_cards(checks: Sequence[Check]) -> str:
    """A card for each case, failed ones first."""
    ordered = worst_first(checks)
    cards = "".join(map(_case, ordered[:MAX_SHOWN]))
    rows = (
        (
            one.name,
            _kind(one),
            one.verdict,
            number(one.baseline),
            number(one.now),
            one.rows,
            one.why,
        )
        for one in ordered
    )
    heads = ("case", "kind", "verdict", "expected", "now", "rows", "why")
    return cards + data_table("cases", heads, rows)


def example_table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows that show something, one column for each of their keys and cells; empty without rows.

    ``cells`` holds columns of the data, which may have the names of the other keys.
    """
    keys = list(dict.fromkeys(name for row in rows for name in row if name != CELLS))
    keys = keys[:MAX_COLUMNS]
    columns = list(dict.fromkeys(name for row in rows for name in row.get(CELLS, {})))
    columns = columns[: MAX_COLUMNS - len(keys)]
    heads = [shortened(name, 40) for name in (*keys, *columns)]
    shown = (
        [
            *(_text(row, name) for name in keys),
            *(_text(row.get(CELLS, {}), name) for name in columns),
        ]
        for row in rows
    )
    return table_box(shortened(title), heads, shown)


def _weak(slice_: WeakSliceDetails) -> str:
    """A slice: what it loses, the line to paste, its rows."""
    excess = f"{number(slice_.loss)} instead of {number(slice_.expected)}"
    line = escape_markup(rules_line(slice_.rule))
    rows = example_table(f"rows of {slice_.rule}", slice_.examples)
    description = (
        f"{number(slice_.rows)} rows ({percent(slice_.share)}), loss {excess}; the excess is "
        f"{number(slice_.excess)} ({interval((slice_.low, slice_.high))}), measured on rows that "
        "did not find it."
    )
    return (
        f'<article><h3>{words(slice_.rule, 300)}</h3><p>{description}</p><p class="note">To '
        f"watch it, put this line below <code>[slices.rules]</code> of package.toml:</p>"
        f'<pre class="scroll" tabindex="0"><code>{line}</code></pre>'
        f"{folded(f'{len(slice_.examples)} rows of it', rows) if rows else ''}</article>"
    )


def _weak_row(slice_: WeakSliceDetails) -> tuple[str | int, ...]:
    return (
        slice_.rule,
        slice_.rows,
        percent(slice_.share),
        number(slice_.loss),
        number(slice_.expected),
        number(slice_.excess),
        interval((slice_.low, slice_.high)),
    )


def _case(check: Check) -> str:
    rows = example_table(f"rows of {check.name}", check.examples)
    kind = f" <small>{words(_kind(check))}</small>" if _kind(check) else ""
    return (
        f'<article class="{state(check)}"><h3>{words(check.name)}{kind}'
        f' <span class="badge {state(check)}">{check.verdict}</span></h3>'
        f"<p>{words(check.why, 500)}</p>"
        f"{folded('worst rows', rows) if rows else ''}</article>"
    )


def _kind(check: Check) -> str:
    """The kind of a case: ``directional``."""
    return str(check.details.get("kind", check.metric))


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
