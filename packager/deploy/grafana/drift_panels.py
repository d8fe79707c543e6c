"""The panels about drift: what moved, by how much, and the bins of one feature."""

from __future__ import annotations

from monitoring.stats.drift import MIN_PSI, MIN_PSI_Z
from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.units import BITS, COUNT, PSI, SHARE, Z
from packager.deploy.prometheus import recording
from packager.deploy.prometheus.recording import drift_name

PSI_STEPS = {0.1: "yellow", MIN_PSI: "orange", 0.5: "red"}
BY = "version, feature"


def drift_panels() -> list[Panel]:
    """PSI over time, the figures of the last day, and one feature's bins."""
    return [_over_time(), _last_day(), _bins()]


def counted(what: str, window: str, selected: str = SELECTED) -> str:
    """A distance only where there are rows: without rows, every distance is 0."""
    rows = f"{drift_name('rows', window)}{{{selected}}}"
    return f"{drift_name(what, window)}{{{selected}}} and {rows} > 0"


def _over_time() -> Panel:
    return Panel(
        "PSI by feature, last hour",
        "status-history",
        [Query(counted("psi", "1h"), "{{version}} {{feature}}")],
        "0 is as in training, a gap is no rows; 0.2 is a normal feature that moved by 0.45"
        " standard deviations. On few rows chance alone gives large values: see z below.",
        PSI,
        width=24,
        height=10,
        steps=PSI_STEPS,
        alerts=("FeatureDrift",),
    )


def _last_day() -> Panel:
    z, rows = (f"{drift_name(what, '1d')}{{{SELECTED}}}" for what in ("z", "rows"))
    columns = (
        Query(counted("psi", "1d"), "PSI", PSI, PSI_STEPS),
        Query(z, "z", Z, {MIN_PSI_Z: "red"}),
        Query(rows, "rows", COUNT),
        Query(counted("js", "1d"), "JS", BITS),
    )
    return Panel(
        "Drift in the last day",
        "table",
        [
            Query(f"max by ({BY}) ({column.expression})", column.legend, column.unit, column.steps)
            for column in columns
        ],
        "An alert needs PSI above 0.2 (effect), z above 4.5 (significance) and 500 rows. JS is the"
        " Jensen-Shannon divergence, at most 1 bit.",
        PSI,
        alerts=("FeatureDrift",),
    )


def _bins() -> Panel:
    return Panel(
        "Live and reference: $feature",
        "barchart",
        [
            Query(f'max by (bin) ({name}{{{SELECTED}, feature="$feature"}})', legend)
            for name, legend in (
                (drift_name("ratio", "1d"), "live, last day"),
                (recording.REFERENCE_RATIO, "reference"),
            )
        ],
        "Share of rows in each bin of one feature; bins belong to one version.",
        SHARE,
        alerts=("FeatureDrift",),
        repeat="version",
    )
