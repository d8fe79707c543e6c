"""An issue tracker's queries about an alert: share of the traffic affected, certainty.

Queries are templates (:mod:`monitoring.query_templates`) with a place for the labels of the alert.
Each has one result without labels, from 0 to 1.

**Certainty** of an alert by a test is 1 - q, where q is the p-value times the number of tests over
the rank of this one (Benjamini and Hochberg 1995). Their step-up minimum over the larger p-values,
which PromQL can't express, could only lower q: an alert's certainty is never overstated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from monitoring.metrics.restarts import RESTARTS
from packager.deploy.prometheus import (
    member_alerts,
    output_rules,
    promql,
    recording,
    shadow_rules,
)
from packager.deploy.prometheus.recording import BURN_WINDOWS, burn_name, drift_name
from packager.deploy.prometheus.rules import MonitoredModel
from packager.tracker.core.priority import DRIFT_CERTAINTY

GUESSED = 0.5
"""Certainty of an accuracy that the model estimates itself."""
LOST = 'outcome=~"failed|dropped"'
CERTAIN = "vector(1)"
VERSION = ("model", "version")


@dataclass(frozen=True)
class Plot:
    """A plot for a kind of alert; ``form``: values over time, or bars of one moment."""

    title: str
    query: str
    form: Literal["time", "bars"] = "time"


@dataclass(frozen=True)
class AlertQueries:
    """The queries of one kind of alert."""

    share: str
    certainty: str
    plot: tuple[Plot, ...]


def of(name: str, *labels: str, **fixed: str) -> str:
    """The series ``name`` with ``labels`` of the alert, and ``fixed`` ones."""
    places = [f"{label}={{{label}}}" for label in labels]
    places += [f"{label}={promql.quoted(value)}" for label, value in fixed.items()]
    return f"{name}{{{', '.join(places)}}}"


def certainty(z: str, own: str) -> str:
    """1 - q of the test ``own`` among all of ``z``: standard normal values, large if significant.

    Both are vectors; ``own`` has one series. 0 for a value that is not above 0.
    """
    value = f"max({own})"
    q = f"{tail(value)} * count({z} > -Inf) / count({z} >= scalar({value}))"
    return f"clamp(1 - {q}, 0, 1) * ({value} > bool 0)"


def tail(z: str) -> str:
    """The probability that a standard normal variable exceeds ``z`` >= 0, to 1e-7.

    Abramowitz and Stegun (1964), 26.2.17.
    """
    size = f"clamp_min({z}, 0)"  # where the series has no pole
    t = f"(1 / (1 + 0.2316419 * {size}))"
    series = (
        f"{t} * (0.31938153 + {t} * (-0.356563782 + {t} * (1.781477937"
        f" + {t} * (-1.821255978 + {t} * 1.330274429))))"
    )
    return f"(exp(-({size}) ^ 2 / 2) * 0.3989422804014327 * {series})"


def issue_queries(model: MonitoredModel) -> Mapping[str, AlertQueries]:
    """Kind of alert → its queries, for every alert of ``model``."""
    return {
        "RequestsSlow": _burn("slow"),
        "RequestsFailed": _burn("failed"),
        "FeatureDrift": _drift(),
        "AnomalyRate": _anomalies(),
        **_quality(model),
        "LabelCoverageLow": _coverage(),
        "LabelsRejected": _rejected(),
        "CompiledMismatch": _mismatches(),
        "CrashLoop": _restarts(),
        **(member_queries(model) if model.members else {}),
        **_shadow(model),
        "NoRequests": AlertQueries(CERTAIN, CERTAIN, (_rows_plot("model"),)),
        "VersionSkew": _versions(),
        "TargetDown": _targets(),
    }


def member_queries(model: MonitoredModel) -> dict[str, AlertQueries]:
    """Of the alerts about a member: its rows without an answer, its slow calls."""
    own = "model={model}, version={version}, member={member}"
    rows = f"increase({member_alerts.ROWS}{{{own}}}[15m])"
    failed = f"increase({member_alerts.ROWS}{{{own}, {member_alerts.NOT_ANSWERED}}}[15m])"
    share = f"sum({failed}) / (sum({rows}) > 0)"
    calls, buckets = (f"{member_alerts.CALLS}_{one}{{{own}}}[1h]" for one in ("count", "bucket"))
    bound = member_alerts.slow_bound(model)
    median = f"histogram_quantile(0.5, sum by (le) (rate({buckets})))"
    plots = Plot("rows in 15 minutes", f"sum by (outcome) ({rows})")
    queries = {"MemberFailed": AlertQueries(f"({share}) or vector(1)", CERTAIN, (plots,))}
    if bound is not None:
        quick = f"{member_alerts.CALLS}_bucket{{{own}, {promql.bucket(bound)}}}[1h]"
        slow = f"1 - sum(increase({quick})) / (sum(increase({calls})) > 0)"
        plot = Plot("median time of a call, seconds", median)
        queries["MemberSlow"] = AlertQueries(f"clamp({slow}, 0, 1)", CERTAIN, (plot,))
    return queries


def _burn(kind: str) -> AlertQueries:
    """The largest share of bad requests in the long windows: one of them fired."""
    longest = "|".join(window for window in BURN_WINDOWS if window in ("1h", "6h", "1d", "3d"))
    names = f"model:model_requests_{kind}:ratio({longest})"
    plots = [
        Plot(f"{kind} requests, share in {window}", of(burn_name(kind, "ratio", window), *VERSION))
        for window in ("5m", "1h")
    ]
    share = f"max({{__name__=~{promql.quoted(names)}, model={{model}}, version={{version}}}})"
    return AlertQueries(f"clamp({share}, 0, 1)", CERTAIN, tuple(plots))


def _drift() -> AlertQueries:
    """Total variation: the rows that would have to be in other bins."""
    own = (*VERSION, "feature")
    live, ratio = of(drift_name("ratio", "1d"), *own), of(recording.REFERENCE_RATIO, *own)
    z = drift_name("z", "1d")
    return AlertQueries(
        f"0.5 * sum(abs({live} - {ratio}))",
        f"{DRIFT_CERTAINTY} * {certainty(of(z, *VERSION), of(z, *own))}",
        (
            Plot("share of rows by bin, live", f"sum by (bin) ({live})", "bars"),
            Plot("share of rows by bin, reference", f"sum by (bin) ({ratio})", "bars"),
            Plot("PSI of the last day", of(drift_name("psi", "1d"), *own)),
        ),
    )


def _anomalies() -> AlertQueries:
    own = (*VERSION, "feature", "kind")
    ratio, usual = of(recording.ANOMALY_RATIO, *own), of(recording.ANOMALY_REFERENCE, *own)
    z = recording.ANOMALY_Z
    return AlertQueries(
        f"clamp(max({ratio}) - max({usual}), 0, 1)",
        certainty(of(z, *VERSION), of(z, *own)),
        (Plot("share of such values, last hour", ratio), Plot("share when packaged", usual)),
    )


def _quality(model: MonitoredModel) -> dict[str, AlertQueries]:
    """Of labels, and of the model's own confidence."""
    if model.task == "outputs":
        return {"OutputRegression": _outputs()}
    queries = {"SliceRegression": _slices(model)}
    if model.classified:
        estimated = of(recording.ESTIMATED, *VERSION, "slice")
        plots = (
            Plot("estimated accuracy, last day", estimated),
            Plot("accuracy when packaged", of(recording.BASELINE, *VERSION, "slice")),
        )
        queries["EstimatedAccuracyDrop"] = AlertQueries(
            _part_of_rows("1d"), f"vector({GUESSED})", plots
        )
    return queries


def _slices(model: MonitoredModel) -> AlertQueries:
    own = (*VERSION, "slice")
    sign = "-1 * " if model.classified else ""
    z = recording.SCORE_Z
    names = {
        "accuracy" if model.classified else "mean absolute error": recording.SCORE,
        "low": recording.SCORE_LOW,
        "high": recording.SCORE_HIGH,
        "when packaged": recording.BASELINE,
    }
    return AlertQueries(
        _part_of_rows("7d"),
        certainty(f"({sign}{of(z, *VERSION)})", f"({sign}{of(z, *own)})"),
        tuple(Plot(title, of(name, *own)) for title, name in names.items()),
    )


def _outputs() -> AlertQueries:
    own = (*VERSION, "output", "measure", "slice")
    names = {"measure": output_rules.SCORE, "when packaged": output_rules.BASELINE}
    return AlertQueries(
        _part_of_rows("7d"),
        certainty(output_rules.worse_z(of("", *VERSION)), output_rules.worse_z(of("", *own))),
        tuple(Plot(title, of(name, *own)) for title, name in names.items()),
    )


def _part_of_rows(window: str) -> str:
    """The slice's part of the predictions."""
    rows = "model_slice_predictions_total"
    inside = of(rows, *VERSION, "slice")
    every = f"{rows}{{model={{model}}, version={{version}}, {recording.EVERY_ROW}}}"
    part = f"sum(increase({inside}[{window}])) / (sum(increase({every}[{window}])) > 0)"
    return f"clamp({part}, 0, 1)"


def _coverage() -> AlertQueries:
    coverage = of(recording.COVERAGE, *VERSION, "slice")
    plot = Plot("share of predictions with a label, 7 days", coverage)
    return AlertQueries(f"clamp(1 - max({coverage}), 0, 1)", CERTAIN, (plot,))


def _rejected() -> AlertQueries:
    refused = _version('reason!="duplicate"')
    wrong = f"sum(increase(model_feedback_rejected_total{refused}[1d]))"
    counted = f"sum(increase(model_feedback_total{_version(recording.EVERY_ROW)}[1d]))"
    reasons = f"model_feedback_rejected_total{_version()}[1h]"
    plot = Plot("refused labels an hour", f"sum by (reason) (increase({reasons}))")
    return AlertQueries(f"{wrong} / ({wrong} + {counted} > 0)", CERTAIN, (plot,))


def _mismatches() -> AlertQueries:
    grown = f"sum(increase({recording.COMPARISONS}{_version(recording.MISMATCH)}[1h]))"
    return AlertQueries(CERTAIN, CERTAIN, (Plot("mismatches an hour", grown),))


def _restarts() -> AlertQueries:
    """The part of the replicas in which a process ended."""

    def ended(by: str) -> str:
        return " + ".join(
            f"sum by ({by}) (increase({of(f'{name}_total', *VERSION)}[15m]))"
            for name, _ in RESTARTS.values()
        )

    replicas = f"count(last_over_time({of('model_package_info', *VERSION)}[{promql.LOOKBACK}]))"
    share = f"clamp_max(count({ended('job, instance')} > 0) / {replicas}, 1)"
    return AlertQueries(
        share, CERTAIN, (Plot("processes that ended, 15 minutes", ended("reason")),)
    )


def _shadow(model: MonitoredModel) -> dict[str, AlertQueries]:
    """Rows without an answer; a verdict on the challenger is about every row."""
    rows = "model_shadow_rows_total"
    lost = f"sum(increase({rows}{_version(LOST)}[1h]))"
    share = f"{lost} / (sum(increase({rows}{_version()}[1h])) > 0)"
    outcomes = f"sum by (outcome) (increase({rows}{_version()}[1h]))"
    plot = Plot("rows an hour by the challenger's answer", outcomes)
    queries = {"ShadowNotAnswering": AlertQueries(share, CERTAIN, (plot,))}
    if model.task == "outputs":
        return queries
    names = {
        "challenger minus champion": shadow_rules.DIFFERENCE,
        "low": shadow_rules.LOW,
        "high": shadow_rules.HIGH,
    }
    plots = tuple(Plot(title, of(name, *VERSION, "slice")) for title, name in names.items())
    judged = AlertQueries(CERTAIN, CERTAIN, plots)
    return {**queries, "ChallengerBetter": judged, "ChallengerWorse": judged}


def _versions() -> AlertQueries:
    """The rows that the smaller versions answered."""
    rows = f"model_slice_predictions_total{{model={{model}}, {recording.EVERY_ROW}}}"
    query = f"sum by (version) (increase({rows}[1h]))"
    share = f"1 - max({query}) / (sum({query}) > 0)"
    plot = Plot("rows an hour by version", query)
    return AlertQueries(f"({share}) or vector(0)", CERTAIN, (plot,))


def _targets() -> AlertQueries:
    """The part of the replicas that can't be scraped, come and go, or are something else."""
    up, info = of("up", "job"), of("model_package_info", "model")
    bad = f"{up} == 0 or changes({up}[15m]) >= 4 or {up} unless on (instance) {info}"
    share = f"(count({bad}) or vector(0)) / count({up}) or vector(1)"
    return AlertQueries(share, CERTAIN, (Plot("replicas that answer", up), _rows_plot("model")))


def _rows_plot(*labels: str) -> Plot:
    places = ", ".join(f"{label}={{{label}}}" for label in labels)
    rows = f"model_slice_predictions_total{{{places}, {recording.EVERY_ROW}}}[1h]"
    return Plot("rows an hour", f"sum(increase({rows}))")


def _version(*matchers: str) -> str:
    """A selector of the alert's version with further ``matchers``."""
    return f"{{{', '.join(('model={model}', 'version={version}', *matchers))}}}"
