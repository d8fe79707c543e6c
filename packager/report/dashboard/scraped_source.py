"""Panels from one server's ``/metrics``: totals since its start, as tables."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace

from monitoring.slices.slices import ALL
from packager.deploy.grafana.panel import Panel, View
from packager.deploy.prometheus.rules import MonitoredModel
from packager.replicas.counters import CounterTotals, ModelSelector, scrape_replicas
from packager.replicas.drift import drift_report
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer, ViewAnswer
from packager.report.dashboard.scraped_tables import MAKERS, NAMES, PanelTable, Totals

_WINDOW = re.compile(r",? (in the )?last (hour|day|\d+ days)")


def scraped(url: str, key: str | None) -> CounterTotals:
    """The counters of the server at ``url``; raises ``PackageError``."""
    return scrape_replicas([url], ModelSelector(None, None), key, NAMES)


def scraped_model(totals: CounterTotals) -> MonitoredModel:
    """The package's facts in a server's metrics."""
    references = totals.of("model_feature_reference_rows")
    slices = sorted({name for (name,) in totals.of("model_slice_predictions_total")} - {ALL})
    outputs = sorted({(name, measure) for name, measure, _ in totals.of("model_output_baseline")})
    regression = totals.of("model_slice_baseline_mae") or totals.of(
        "model_feedback_absolute_error_total"
    )
    return MonitoredModel(
        name=totals.model,
        version=totals.version,
        task="outputs" if outputs else "regression" if regression else "classification",
        slices=(ALL, *slices),
        features=tuple(dict.fromkeys(name for name, _ in references)),
        outputs=tuple(outputs),
    )


def scraped_answer(view: View, counted: CounterTotals, feature: str) -> ViewAnswer:
    """The panels of ``view`` that totals can answer."""
    totals = Totals(counted, drift_report(counted, 1.0), feature)
    rows: list[tuple[str, list[PanelAnswer]]] = []
    left_out = []
    for heading, panels in view.rows:
        answered = []
        for panel in panels:
            make = next((f for start, f in MAKERS.items() if panel.title.startswith(start)), None)
            if make is None:
                left_out.append(panel.title)
            else:
                answered.append(_answer(panel, make(totals), feature))
        if answered:
            rows.append((heading, answered))
    now = time.time()
    return ViewAnswer(rows, now, now, left_out=left_out)


def _answer(panel: Panel, table: PanelTable, feature: str) -> PanelAnswer:
    now = time.time()
    queries = [
        [
            AnsweredSeries(dict(zip(table.labels, key, strict=True)), [(now, value)])
            for key, values in table.cells.items()
            if (value := values[index]) is not None and math.isfinite(value)
        ]
        for index in range(len(table.columns))
    ]
    kind = panel.kind if panel.kind == "barchart" else "table"
    title = _WINDOW.sub("", panel.title).replace("$feature", feature)
    return PanelAnswer(replace(panel, kind=kind, queries=table.columns), title, queries)
