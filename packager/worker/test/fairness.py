"""Whether groups of people are further from all rows than when the model was packaged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices.slices import ALL, SliceSet, slice_values
from monitoring.stats.distributions import student_quantile, student_tail
from packager.errors import UsageError
from packager.manifest.policy import FairnessPolicy
from packager.text import did_you_mean
from packager.worker.test.baseline import Baseline, GroupedBaseline, GroupMetric
from packager.worker.test.directions import limit_of
from packager.worker.test.group_metrics import changes_by_part, group_metrics
from packager.worker.test.judged_parts import judged_parts, metric_of
from packager.worker.test.judged_rows import JudgedData
from packager.worker.test.report import Check, NotTested
from packager.worker.test.verdict import FamilyResult

Mask = npt.NDArray[np.bool_]
MIN_GROUP_ROWS = 30
"""Independent rows of each side; smaller groups are not tested."""
LEVEL = 0.95


def group_values(rows: pd.DataFrame, policy: FairnessPolicy) -> dict[str, tuple[str, ...]]:
    """The values of each column that are groups, from training ``rows``.

    Raise ``UsageError`` for an absent column.
    """
    _check_columns(rows.columns, policy.columns, "the data")
    try:
        return slice_values(rows, policy.columns) if policy.columns else {}
    except ValueError as error:
        raise UsageError(f"[test.fairness] columns: {error}", "name fewer columns") from error


def fairness_baseline(
    judged: JudgedData,
    rows: pd.DataFrame,
    values: Mapping[str, Sequence[str]],
    policy: FairnessPolicy,
) -> dict[str, GroupedBaseline]:
    """The groups of the held-out ``rows``, which ``judged`` has the answers of.

    Raise ``UsageError`` for a metric that the package doesn't have.
    """
    by_column = {
        column: _of_column(judged, group_masks(rows, column, values[column]), policy)
        for column in values
    }
    return {
        column: GroupedBaseline(values=tuple(values[column]), groups=groups)
        for column, groups in by_column.items()
    }


def _of_column(
    judged: JudgedData, masks: Mapping[str, Mask], policy: FairnessPolicy
) -> dict[str, dict[str, GroupMetric]]:
    """Group → metric, with the name of its part → its value and distance."""
    parts = judged_parts(judged).parts
    by_group: dict[str, dict[str, GroupMetric]] = {group: {} for group in masks}
    for part, changes in changes_by_part(policy, parts).items():
        measured = group_metrics(parts[part], masks, list(changes), policy)
        for group, metrics in measured.items():
            by_group[group] |= {metric_of(part, name): one for name, one in metrics.items()}
    return {group: metrics for group, metrics in by_group.items() if metrics}


def group_masks(rows: pd.DataFrame, column: str, values: Sequence[str]) -> dict[str, Mask]:
    """Group (``sex=f``) → mask, shape (n,)."""
    masks = SliceSet({column: values}, {}).masks(rows)
    return {name: mask for name, mask in masks.items() if name != ALL}


def group_columns(served: pd.DataFrame, rows: pd.DataFrame, policy: FairnessPolicy) -> pd.DataFrame:
    """The columns of groups: as a request holds them, or else as the new data do."""
    return pd.DataFrame(
        {name: (served if name in served.columns else rows)[name] for name in policy.columns},
        index=served.index,
    )


def fairness(
    judged: JudgedData, rows: pd.DataFrame, baseline: Baseline, policy: FairnessPolicy
) -> FamilyResult:
    """Compare each group's distance from all rows with the packaged one.

    ``rows``: the columns of :func:`group_columns` of the rows of ``judged``.
    """
    if not policy.columns:
        return FamilyResult(not_judged="[test.fairness] columns names no groups")
    parts, left_out = judged_parts(judged)
    unjudged = [NotTested(subject=name, why=why) for name, why in left_out.items()]
    if not parts:
        return FamilyResult(
            not_judged="no output is a label or a number of a row", not_tested=unjudged
        )
    limits = {
        metric_of(part, metric): change
        for part, changes in changes_by_part(policy, parts).items()
        for metric, change in changes.items()
    }
    pairs = []
    for column, before in baseline.fairness.items():
        after = _of_column(judged, group_masks(rows, column, before.values), policy)
        own = list(_pairs(before, after))
        pairs += own
        unjudged += _missing(column, before, after, own)
    tested = sum(pair.testable for pair in pairs)
    if not tested:
        few = f"no group has {MIN_GROUP_ROWS} rows, here and when packaged"
        return FamilyResult(not_judged=few, not_tested=unjudged)
    checks = [_check(pair, limit_of(limits[pair.metric], pair.all_rows), tested) for pair in pairs]
    return FamilyResult(checks, not_tested=unjudged)


def _missing(
    column: str,
    before: GroupedBaseline,
    after: Mapping[str, Mapping[str, GroupMetric]],
    pairs: Sequence[_Pair],
) -> Iterator[NotTested]:
    """The groups without a row, and the column if none of its groups can be tested."""
    for group in before.groups:
        if group not in after:
            yield NotTested(subject=group, why="the new data have no row of the group that counts")
    if not any(pair.testable for pair in pairs):
        few = f"no group has {MIN_GROUP_ROWS} rows, here and when packaged"
        yield NotTested(subject=column, why=few, requested=True)


@dataclass(frozen=True)
class _Pair:
    group: str
    metric: str
    before: GroupMetric
    after: GroupMetric

    @property
    def testable(self) -> bool:
        return min(self.before.degrees, self.after.degrees) + 1 >= MIN_GROUP_ROWS

    @property
    def all_rows(self) -> float:
        """The packaged metric of all rows."""
        return self.before.value - self.before.gap

    @property
    def error(self) -> float:
        return math.sqrt(sum(_variance(one) for one in (self.before, self.after)))

    @property
    def degrees(self) -> float:
        return max(1.0, min(self.before.degrees, self.after.degrees))


def _pairs(
    before: GroupedBaseline, after: Mapping[str, Mapping[str, GroupMetric]]
) -> Iterator[_Pair]:
    for group, metrics in before.groups.items():
        for metric, one in metrics.items():
            other = after.get(group, {}).get(metric)
            if other is not None:
                yield _Pair(group, metric, one, other)


def _check(pair: _Pair, limit: float, tests: int) -> Check:
    """The growth of the distance.

    The test is two-sided on the distance with its sign: a distance near 0 grows by chance if the
    new rows are fewer, its change with the sign doesn't. Intervals hold for all groups together.
    """
    change = pair.after.gap - pair.before.gap
    growth = abs(pair.after.gap) - abs(pair.before.gap)
    known = pair.testable and math.isfinite(pair.error)
    p = math.nan
    if known:
        certain = math.inf if change else 0.0
        z = abs(change) / pair.error if pair.error > 0 else certain
        p = min(1.0, 2 * student_tail(z, pair.degrees))
    wide = student_quantile(1 - (1 - LEVEL) / 2 / tests, pair.degrees)
    half = wide * pair.error
    own = wide * math.sqrt(_variance(pair.after))
    few = "" if known else "; too few rows to test"
    return Check(
        family="fairness",
        name=f"{pair.metric} {pair.group}",
        subject=pair.group,
        metric=pair.metric,
        baseline=abs(pair.before.gap),
        now=abs(pair.after.gap),
        difference=growth,
        interval=(growth - half, growth + half) if known else None,
        limit=limit,
        rows=pair.after.rows,
        baseline_rows=pair.before.rows,
        p=p,
        error=pair.error if known else None,
        degrees=pair.degrees if known else None,
        why=f"{pair.metric} of {pair.group} is {_away(pair.after.gap)} from that of all rows, "
        f"{_away(pair.before.gap)} when packaged (the policy allows {limit:.2g} more) on "
        f"{pair.after.rows:,} rows{few}",
        details={
            "value": pair.after.value,
            "packaged_value": pair.before.value,
            "gap": pair.after.gap,
            "packaged_gap": pair.before.gap,
            "gap_interval": [pair.after.gap - own, pair.after.gap + own] if known else None,
        },
    )


def _variance(metric: GroupMetric) -> float:
    return math.nan if metric.variance is None else metric.variance


def _away(gap: float) -> str:
    return f"{gap:+.3g}"


def _check_columns(there: Sequence[str] | pd.Index, named: Sequence[str], data: str) -> None:
    for name in named:
        if name not in there:
            raise UsageError(
                f"[test.fairness] columns: expected the column {name!r} in {data}, which lack it",
                did_you_mean(name, map(str, there))
                or "keep the column in the data; [data] exclude hides it from the model",
            )
