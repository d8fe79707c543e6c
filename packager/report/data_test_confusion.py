"""Confusion matrices on the page of a test on new data: packaged, now, and what moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packager.report.data_test_plot import data_table, figure, words
from packager.report.numbers import NO_VALUE, count, percent
from packager.worker.test.details import QualityDetails

MAX_CLASSES = 12
"""Matrices of more classes are shown only as the pairs that moved most."""
MAX_PAIRS = 50
SHADES = 8
KEY = "Rows: the right answer; columns: the model's. Cells: share of the right answer's rows."
HEADS = ("right answer", "model's answer", "packaged", "now", "change", "new rows")


def confusion(details: QualityDetails) -> str:
    """Both matrices side by side, and the pairs of classes whose shares changed most."""
    if not details.classes:
        return ""
    before, now = _shares(details.packaged_confusion), _shares(details.confusion)
    pairs = sorted(_pairs(details, before, now), key=lambda pair: -round(abs(pair[0]), 9))
    rows = [cells for _, cells in pairs[:MAX_PAIRS]]
    table = data_table("confused pairs, largest change first", HEADS, rows)
    if len(details.classes) > MAX_CLASSES:
        note = f"{len(details.classes)} classes: the pairs that changed most are in the table."
        return f'<h3>Confusion</h3><p class="note">{note}</p>{table}'
    grids = _matrix("packaged", details.classes, before) if before else ""
    grids += _matrix("now", details.classes, now)
    matrices = f'<div class="matrices">{grids}</div>'
    return f"<h3>Confusion</h3>{figure(KEY, matrices)}{table}"


def _matrix(title: str, classes: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    heads = "".join(f'<th scope="col">{words(name, 16)}</th>' for name in classes)
    body = "".join(
        f'<tr><th scope="row">{words(name, 16)}</th>'
        + "".join(
            f'<td class="{"hit" if index == row else "miss"} s{round(share * SHADES)}">'
            f"{round(100 * share)}</td>"
            for index, share in enumerate(shares[row])
        )
        + "</tr>"
        for row, name in enumerate(classes)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="confusion, {title}">'
        f'<table class="matrix"><caption>{title}, %</caption><thead><tr><td></td>{heads}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _shares(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[cell / (sum(row) or 1.0) for cell in row] for row in matrix]


def _pairs(
    details: QualityDetails, before: Sequence[Sequence[float]], now: Sequence[Sequence[float]]
) -> Iterator[tuple[float, tuple[str, ...]]]:
    """The change of each pair's share, with its line of the table; pairs with rows only."""
    for row, truth in enumerate(details.classes):
        for index, answer in enumerate(details.classes):
            old = before[row][index] if before else None
            new = now[row][index]
            if not new and not old:
                continue
            moved = new - old if old is not None else new
            change = f"{100 * moved:+.1f} points" if old is not None else NO_VALUE
            cells = (truth, answer, percent(old), percent(new), change)
            yield moved, (*cells, count(details.confusion[row][index]))
