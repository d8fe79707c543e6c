"""A package as a notebook shows it: facts, metrics, the worst slices, what comes next."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from packager.api.frames import findings_frame, metrics_frame, slices_frame
from packager.image.reference import Reference
from packager.report.package_metrics import main_metric, worst_slices
from packager.text import escape_markup

WORST_SLICES = 3
MAX_METRICS = 6
TABLE = "border-collapse:collapse;margin:0 0 0.5em 0"
LEFT = "text-align:left;padding:0.1em 1em 0.1em 0"
RIGHT = "text-align:right;padding:0.1em 1em 0.1em 0;font-variant-numeric:tabular-nums"


def package_view(reference: Reference, ref: str) -> str:
    """HTML without scripts and without style that a notebook could not show; all text escaped."""
    manifest = reference.manifest
    facts = {
        "package": f"{manifest.name} {manifest.tag}",
        "task": manifest.task,
        "root": manifest.root[:16],
        "inputs": str(len(manifest.schema_.features)),
    }
    parts = [table(("", ""), list(facts.items()))]
    metrics = metrics_frame(manifest).head(MAX_METRICS)
    parts.append(_measured("Held-out rows", metrics.reset_index()))
    parts.append(_measured(f"Worst {WORST_SLICES} slices", _worst(reference)))
    findings = findings_frame(reference)
    if len(findings):
        parts.append(
            table(("finding", "subject"), findings[["kind", "subject"]].to_numpy().tolist())
        )
    parts.append(f"<p>next: <code>{escape_markup(f'package serve {ref}')}</code></p>")
    return page(*parts)


def page(*parts: str) -> str:
    """Parts below each other."""
    return f"<div>{''.join(parts)}</div>"


def _worst(reference: Reference) -> pd.DataFrame:
    """The slices with the worst intervals of the main metric, as ``inspect`` orders them."""
    evaluation, frame = reference.manifest.evaluation, slices_frame(reference.manifest)
    main = None if evaluation is None else main_metric(evaluation.overall)
    if evaluation is None or main is None:
        return frame.head(0).reset_index()
    worst = [(name, main) for name in worst_slices(evaluation, main)[:WORST_SLICES]]
    return frame.loc[worst].reset_index()


def _measured(title: str, frame: pd.DataFrame) -> str:
    if frame.empty:
        return ""
    return table([str(name) for name in frame.columns], frame.to_numpy().tolist(), title=title)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> str:
    """A table; numbers are to the right. It has no colours, so it is read on light and on dark."""
    numbers = [isinstance(cell, int | float) for cell in rows[0]] if rows else [False] * len(heads)
    names = "".join(
        f'<th style="{RIGHT if number else LEFT}">{escape_markup(str(one))}</th>'
        for one, number in zip(heads, numbers, strict=True)
    )
    head = f"<thead><tr>{names}</tr></thead>" if any(heads) else ""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    caption = f"<p><b>{escape_markup(title)}</b></p>" if title else ""
    return f'{caption}<table style="{TABLE}">{head}<tbody>{body}</tbody></table>'


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td style="{RIGHT}">{"" if value != value else f"{value:.4g}"}</td>'
    style = RIGHT if isinstance(value, int) else LEFT
    return f'<td style="{style}">{escape_markup(str(value))}</td>'
