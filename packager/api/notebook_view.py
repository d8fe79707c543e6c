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


def package_view(reference: Reference, ref: str) -> str:
    """HTML without scripts and without style that a notebook could not show; all text escaped."""
    manifest = reference.manifest
    facts = {
        "package": f"{manifest.name} {manifest.tag}",
        "task": manifest.task,
        "root": manifest.root[:16],
        "inputs": str(len(manifest.schema_.features)),
    }
    parts = [_table(("", ""), list(facts.items()))]
    metrics = metrics_frame(manifest).head(MAX_METRICS)
    parts.append(_measured("Held-out rows", metrics.reset_index()))
    parts.append(_measured(f"Worst {WORST_SLICES} slices", _worst(reference)))
    findings = findings_frame(reference)
    if len(findings):
        parts.append(
            _table(("finding", "subject"), findings[["kind", "subject"]].to_numpy().tolist())
        )
    parts.append(f"<p>next: <code>{escape_markup(f'package serve {ref}')}</code></p>")
    return "<div>" + "".join(parts) + "</div>"


def _worst(reference: Reference) -> pd.DataFrame:
    """The slices with the worst intervals of the main metric, as ``inspect`` orders them."""
    evaluation, found = reference.manifest.evaluation, slices_frame(reference.manifest)
    main = None if evaluation is None else main_metric(evaluation.overall)
    if evaluation is None or main is None:
        return found.head(0).reset_index()
    worst = [(name, main) for name in worst_slices(evaluation, main)[:WORST_SLICES]]
    return found.loc[worst].reset_index()


def _measured(title: str, frame: pd.DataFrame) -> str:
    if frame.empty:
        return ""
    heads = [str(name) for name in frame.columns]
    rows = [[_cell(cell) for cell in row] for row in frame.to_numpy()]
    return f"<p><b>{escape_markup(title)}</b></p>{_table(heads, rows)}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return str(value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    names = "".join(f"<th>{escape_markup(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape_markup(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
