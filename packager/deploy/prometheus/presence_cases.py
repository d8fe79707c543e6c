"""Test cases of the alerts about a whole model: replicas, versions and requests."""

from __future__ import annotations

from monitoring.slices.slices import ALL
from packager.deploy.prometheus.rule_tests import (
    Expectation,
    RuleCase,
    TestCaseBuilder,
    TestSeries,
)


def presence_cases(builder: TestCaseBuilder) -> list[RuleCase]:
    """Each of these alerts, firing and not firing."""
    return [*_silence(builder), *_versions(builder), *_targets(builder)]


def _silence(builder: TestCaseBuilder) -> list[RuleCase]:
    """An hour with 2,880 rows, then more than a day without, or with one each hour."""
    alert, end = "NoRequests", 1_620
    firing = [{"model": builder.model.name, "severity": "ticket"}]

    def answered(values: str) -> list[TestSeries]:
        rows = builder.series("model_slice_predictions_total", values, slice=ALL)
        return [builder.info(end), rows]

    silent = answered("0+48x60 2880x1560")
    return [
        RuleCase(f"{alert}: {name}", series, [Expectation(end, alert, expected)])
        for name, series, expected in (
            ("fires", silent, firing),
            ("not where some came", answered("0+48x60 2880+0.02x1560"), []),
            ("no alert with little traffic", answered("0+0.2x60 12x1560"), []),
            ("not where nothing runs", silent[1:], []),
        )
    ]


def _versions(builder: TestCaseBuilder) -> list[RuleCase]:
    alert, ours = "VersionSkew", builder.info(90)
    older = TestSeries(ours.name, {**ours.labels, "version": "older", "instance": "b"}, "1x90")
    twin = TestSeries(ours.name, {**ours.labels, "instance": "b"}, "1x90")
    ended = TestSeries(older.name, older.labels, "1x70 stale")
    firing = [{"model": builder.model.name, "severity": "ticket"}]
    return [
        RuleCase(f"{alert}: {name}", [ours, other], [Expectation(80, alert, expected)])
        for name, other, expected in (
            ("fires for two", older, firing),
            ("not for two replicas of one", twin, []),
            ("ends ten minutes after the older one", ended, []),
        )
    ]


def _targets(builder: TestCaseBuilder) -> list[RuleCase]:
    alert, job = "TargetDown", builder.model.name

    def up(*values: str) -> list[TestSeries]:
        pairs = zip("ab", values, strict=False)
        return [TestSeries("up", {"job": job, "instance": i}, v) for i, v in pairs]

    page = [{"job": job, "severity": "page"}]
    if builder.model.options.pushed:
        return [
            RuleCase(f"{alert}: {name}", series, [Expectation(30, alert, firing)])
            for name, series, firing in (
                ("pages where no replica has pushed for ten minutes", [builder.info(15)], page),
                ("not where one pushes", [builder.info(40)], []),
                ("not where one has paused", [builder.info(25)], []),
            )
        ]
    ticket = [{"job": job, "instance": "b", "severity": "ticket"}]
    now_and_then = " ".join(["1x1 0x1"] * 10)
    info = [builder.info(30)]
    return [
        RuleCase(f"{alert}: {name}", series, [Expectation(20, alert, firing)])
        for name, series, firing in (
            ("pages for all", [*up("0x30", "0x30"), *info], page),
            ("pages where there is none", info, page),
            ("pages where all disappear at the same time", [*up("1x10 stale", "1x10 stale"), *info],
             page),
            ("pages where the address belongs to another service", up("1x30"), page),
            ("fires for one", [*up("1x30", "0x30"), *info], ticket),
            ("fires for one that comes and goes", [*up("1x30", now_and_then), *info], ticket),
            ("fires for the only one that comes and goes", [*up("", now_and_then)[1:], *info],
             ticket),
            ("not where all are up", [*up("1x30", "1x30"), *info], []),
            ("not for a removed target", [*up("1x30", "1x10 0x1 stale"), *info], []),
            ("not for one that starts", [*up("1x30", "_x15 0x1 1x30"), *info], []),
            ("not for one that starts again", [*up("1x30", "1x13 0x1 1x30"), *info], []),
        )
    ]  # fmt: skip
