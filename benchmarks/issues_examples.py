"""Issues to look at: what a week of four models looks like, and texts that mean harm."""

from __future__ import annotations

import math

from packager.tracker import intake
from packager.tracker.core.actions import (
    Acknowledge,
    Action,
    AddComment,
    AddLabel,
    Assign,
    Ignore,
    Move,
    Resolve,
    SnoozeFor,
)
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.moments import DAY, HOUR, MINUTE
from packager.tracker.core.plot import (
    BinsPlot,
    CountedRow,
    CountsPlot,
    IntervalsPlot,
    Level,
    LevelsPlot,
    MeasuredRow,
    SeriesLine,
    SeriesPlot,
    SeriesPoint,
)
from packager.tracker.store.writer import Writer

DRIFTED = {
    "carat": 0.22, "depth": 0.11, "table": 0.1, "x": 0.21, "y": 0.2, "z": 0.19,
    "price_per_carat": 0.17, "cut": 0.06, "color": 0.05, "clarity": 0.09, "origin": 0.04,
}  # fmt: skip
BINS = ("0.2 to 0.35", "0.35 to 0.5", "0.5 to 0.7", "0.7 to 0.9", "0.9 to 1.0", "1.0 to 1.2",
        "1.2 to 1.5", "1.5 to 2.0", "above 2.0", "absent")  # fmt: skip
TRAINING = (0.12, 0.16, 0.14, 0.12, 0.09, 0.13, 0.1, 0.08, 0.05, 0.01)
LIVE = (0.05, 0.08, 0.09, 0.1, 0.1, 0.15, 0.16, 0.14, 0.12, 0.01)
MODELS = ("fraud", "churn", "energy", "prices-eu")
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u202egnp.exe\u202c evil",
    "A" * 1_000_000,
    "nul\0here",
    "lone \ud800 surrogate",
    "'; drop table issue; --",
    '" OR 1=1 *',
    "NEAR(a b)",
    "a" + "\u0300" * 60,
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
    "]]></svg><script>alert(2)</script>",
    "\u2066\u2067iso\u2069",
    "\n\r\ttabs",
    "../../etc/passwd",
    "--help",
)


def fill(store: Writer, now: float) -> None:
    """A week of findings and actions."""
    store.saw_version("diamonds", "1.0.0", now - 40 * DAY)
    store.saw_version("diamonds", "1.1.0", now - 12 * DAY)
    for place, (name, moved) in enumerate(DRIFTED.items()):
        _report(store, now - 2.1 * HOUR, _drift(name, moved, now - 2.1 * HOUR + place * MINUTE))
    _report(store, now - 26 * HOUR, _slice(now))
    for step in range(6):
        _report(store, now - (5 - step) * 15 * MINUTE, _errors(now, 0.01 + 0.006 * step))
    _report(store, now - 0.4 * HOUR, _down(now))
    _report(store, now - 5 * HOUR, _mismatch(now))
    _report(store, now - 300 * HOUR, _rows(now))
    for place in range(40):
        _report(store, now - (20 + place) * HOUR, _small(now, place))
    _report(store, now - 3 * HOUR, _quality(now), _replay(now))
    _act(store, now)


def _report(store: Writer, at: float, *findings: Finding) -> None:
    intake.receive(store, Report(findings=findings), at)


def _finding(**given: object) -> Finding:
    base: dict[str, object] = {"package": "diamonds", "version": "1.2.0", "source": "alertmanager"}
    return Finding.model_validate({**base, **given})


def _drift(name: str, moved: float, at: float) -> Finding:
    return _finding(
        kind="FeatureDrift", subject=f"feature={name}", share=moved, certainty=0.7, starts_at=at,
        title=f"{name} is no longer distributed as in training",
        summary=f"Total variation {moved} between the last 2 hours and training (q < 0.000001).",
        evidence=f"Share: total variation {moved} of 2,104 rows. Certainty: (1 - q) * 0.7, because"
        " inputs moved and answers may be fine.",
        action="Compare the source of this column with training. If the world changed, retrain"
        " with newer data.",
        links={"panel": "https://grafana.example/d/abc?viewPanel=4",
               "runbook": "https://elsewhere.test/runbook"},
        plot=BinsPlot(title=f"{name}: shares of rows", bins=BINS, reference=TRAINING, live=LIVE,
                      live_name="last 2 h"),
    )  # fmt: skip


def _slice(now: float) -> Finding:
    values = [0.93 - 0.0003 * i * i + 0.01 * math.sin(i) for i in range(28)]
    points = tuple(
        SeriesPoint(at=now - 7 * DAY + i * 6 * HOUR, value=v, low=v - 0.03, high=min(1, v + 0.025))
        for i, v in enumerate(values)
    )
    levels = (
        Level(name="at the build", value=0.93),
        Level(name="alert below", value=0.8, limit=True),
    )
    return _finding(
        kind="SliceRegression", subject="slice=color=E", share=0.18, certainty=0.999,
        starts_at=now - 26 * HOUR, title="Accuracy of color=E fell from 0.93 to 0.71",
        summary="412 of 2,288 labelled predictions of the last 7 days have color E; 0.71 of them"
        " are right (0.66 to 0.75), where 0.93 was measured at the build.",
        evidence="Share: 18 % of predictions of 7 d. Certainty: 1 - q, q = 0.001 (two proportions,"
        " Benjamini-Hochberg).",
        action="Look at the rows of color=E with `package data check`; then retrain with newer"
        " labels, or restore 1.1.0.",
        plot=SeriesPlot(title="Accuracy of color=E, with 95 % intervals", unit="accuracy",
                        lines=(SeriesLine(name="accuracy", points=points),), levels=levels),
    )  # fmt: skip


def _errors(now: float, share: float) -> Finding:
    def line(name: str, start: float, slope: float) -> SeriesLine:
        values = [start + slope * max(0, i - 24) ** 1.3 for i in range(36)]
        points = [SeriesPoint(at=now - 6 * HOUR + i * 600, value=v) for i, v in enumerate(values)]
        return SeriesLine(name=name, points=tuple(points))

    return _finding(
        kind="RequestsFailed", share=share, severity="page", starts_at=now - 0.5 * HOUR,
        title="diamonds fails 4 % of its requests",
        summary="4.1 % of 18,220 requests of the last hour were answered 5xx; the budget of 30 days"
        " is used up in 2 days.",
        evidence="Share: bad requests of the last hour.",
        action="Open the log of the replicas. If it began with 1.2.0, roll back to 1.1.0.",
        links={"panel": "https://grafana.example/d/abc?viewPanel=1"},
        plot=SeriesPlot(title="Burn rate of the error budget", unit="times the budget",
                        lines=(line("1 h window", 0.3, 0.5), line("5 min window", 0.4, 0.7)),
                        levels=(Level(name="pages above", value=14.4, limit=True),)),
    )  # fmt: skip


def _down(now: float) -> Finding:
    return _finding(
        kind="TargetDown", package="churn", version="3.0.1", share=0.5,
        starts_at=now - 0.4 * HOUR, subject="instance=10.0.0.7:8080",
        title="1 of 2 replicas of churn is down", evidence="Share: replicas that are down.",
        action="Start it again; look for OOMKilled first.",
    )  # fmt: skip


def _mismatch(now: float) -> Finding:
    return _finding(
        kind="CompiledMismatch", package="churn", version="3.0.1", source="build",
        starts_at=now - 5 * HOUR,
        title="The compiled form of churn answers differently from the model",
        action="Build without the compiled form, and report the row.",
    )  # fmt: skip


def _rows(now: float) -> Finding:
    kinds = {"labels in cut": 12, "ranges in price": 3, "duplicates in whole rows": 146}
    counted = [CountedRow(name=one, count=n, subject=n == 12) for one, n in kinds.items()]
    plot = CountsPlot(title="Suspicious rows by kind", rows=tuple(counted), total=10_708)
    return _finding(
        kind="SuspiciousRows", subject="row=9f2c4e", share=0.0011, certainty=0.8,
        source="data check", starts_at=now - 300 * HOUR, plot=plot,
        title="12 rows have a label that their neighbours contradict",
    )  # fmt: skip


def _quality(now: float) -> Finding:
    rows = [
        MeasuredRow(name="color=E", value=0.71, low=0.66, high=0.76, reference=0.93, bound=0.9,
                    subject=True),
        MeasuredRow(name="color=D", value=0.9, low=0.87, high=0.93, reference=0.92, bound=0.89),
        MeasuredRow(name="cut=Very Good and clarity=VS2", value=0.94, low=0.9, high=0.98,
                    reference=0.91, bound=0.88),
        MeasuredRow(name="all rows", value=0.89, low=0.88, high=0.9, reference=0.92, bound=0.89),
    ]  # fmt: skip
    return _finding(
        kind="QualityTest", subject="slice=color=E", share=0.18, certainty=0.999, source="test",
        starts_at=now - 3 * HOUR, title="worse than when packaged: slice color=E",
        action="Read the report. The report is in test/index.html.",
        links={"report": "https://grafana.example/runs/7"},
        plot=IntervalsPlot(title="accuracy on the new data, and when packaged", unit="accuracy",
                           rows=tuple(rows)),
    )  # fmt: skip


def _replay(now: float) -> Finding:
    levels = ("artifact", "state", "predictions", "metrics", "statistical")
    return _finding(
        kind="ReplayFailed", package="energy", source="replay", starts_at=now - 3 * HOUR,
        title="replay reached level metrics, expected state",
        values={"rows compared": 500.0, "rows with another label": 3.0},
        plot=LevelsPlot(title="Level of the replay, and the one that is required",
                        levels=levels, required=1, reached=3),
    )  # fmt: skip


def _small(now: float, place: int) -> Finding:
    model = MODELS[place % len(MODELS)]
    return _finding(
        kind=("AnomalyRate", "LabelCoverageLow", "WeakSlice", "TimeTest")[place * 7 % 4],
        package=model, version="1.0", subject=f"slice=region={place}",
        share=0.002 * (place % 9 + 1), certainty=0.9, severity=("ticket", "info")[place % 2],
        starts_at=now - (20 + place) * HOUR, title=f"Region {place} of {model} is off",
    )  # fmt: skip


def _act(store: Writer, now: float) -> None:
    def on(kind: str, who: str, *actions: Action) -> None:
        sql = "select id from issue where kind = ? and active = 1 order by id limit 1"
        for action in actions:
            intake.act(store, store.db.rows(sql, (kind,))[0]["id"], action, who, now - MINUTE)

    said = "Labels of E come from the new lab since Monday.\nSee https://grafana.example/d/abc"
    on("SliceRegression", "ada", Acknowledge(), Assign(owner="ada"), AddLabel(label="retrain"))
    on("SliceRegression", "grace", AddComment(text=said))
    on("TargetDown", "grace", Assign(owner="grace"))
    on("WeakSlice", "ada", SnoozeFor(until_doubled=True))
    on("TimeTest", "ada", Ignore(reason="known noise of the runner"))
    on("LabelCoverageLow", "ada", Resolve(reason="fixed upstream"))


def fill_hostile(store: Writer, now: float) -> None:
    """An issue for each hostile text, which stands everywhere."""
    for place, text in enumerate(HOSTILE):
        name = text[:180]
        plot = {"plot": "bins", "title": text, "bins": [text, "b"], "reference": [0.5, 0.5],
                "live": [0.1, 0.9], "reference_name": text, "live_name": text}  # fmt: skip
        found = _finding(
            package=name, version=text[:400], kind=name, subject=name, share=0.5, certainty=0.5,
            starts_at=now - place, title=text, summary=text, action=text, evidence=text,
            source=name, links={name: "https://grafana.example/?q=%22><script>"}, plot=plot,
            values={name: 1e308},
        )  # fmt: skip
        issue = intake.receive(store, Report(findings=(found,)), now)[0].issue
        assert issue is not None
        for action in (AddComment(text=text[:9000]), AddLabel(label=name), Assign(owner=text),
                       Move(bands=1, reason=text)):  # fmt: skip
            intake.act(store, issue.id, action, name, now)
