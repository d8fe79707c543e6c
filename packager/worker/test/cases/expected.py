"""Whether an answer, or the answers before and after a change, are as a case expects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from packager.data.case_answers import WITH_LABEL
from packager.manifest.case_terms import ExpectationKind, ExpectedAnswer
from packager.model.answer_difference import ABSOLUTE, RELATIVE, difference, size
from packager.worker.test.cases.values import Answer, ComparedValue


class RowJudgement(NamedTuple):
    """Of one row."""

    passed: bool
    badness: float
    """Distance from passing: rows with a larger one are worse."""


@dataclass(frozen=True)
class CaseJudge:
    """Judges the answers of one case."""

    compared: ComparedValue
    expected: ExpectedAnswer
    tolerance: float | None = None

    def __call__(self, before: Answer, after: Answer) -> RowJudgement:
        """``before`` and ``after`` are the same answer for an expectation of one."""
        return _JUDGES[self.expected.kind](self, before, after)

    def moved(self, before: Answer, after: Answer) -> float:
        """By how much the number goes the expected way; NaN without two numbers."""
        pair = self.compared.numbers(before), self.compared.numbers(after)
        if any(len(one) != 1 for one in pair):
            return math.nan
        sign = 1.0 if self.expected.kind == "increases" else -1.0
        return sign * (pair[1][0] - pair[0][0])

    def slack(self, *answers: Answer) -> float:
        """The difference of numbers that is none."""
        if self.tolerance is not None:
            return self.tolerance
        largest = max((size(self.compared.numbers(answer)) for answer in answers), default=0.0)
        return max(ABSOLUTE, RELATIVE * largest)


def _moves(judge: CaseJudge, before: Answer, after: Answer) -> RowJudgement:
    step = judge.moved(before, after)
    if math.isnan(step):
        return RowJudgement(False, math.inf)
    return RowJudgement(step > judge.slack(before, after), -step)


def _same(judge: CaseJudge, before: Answer, after: Answer) -> RowJudgement:
    one, other = (judge.compared.whole(answer) for answer in (before, after))
    if judge.compared.label is not None:
        one, other = ({"of": judge.compared.shown(answer)} for answer in (before, after))
    apart = difference(one, other)
    if judge.compared.kind in WITH_LABEL and one.get("prediction") != other.get("prediction"):
        apart = math.inf  # labels that are numbers are no measures
    slack = judge.tolerance
    if slack is None:
        slack = max(ABSOLUTE, RELATIVE * max(size(one), size(other)))
    if math.isinf(apart) and tied(judge.compared, before, after, slack):
        return RowJudgement(True, 0.0)
    return RowJudgement(apart <= slack, apart)


def tied(compared: ComparedValue, before: Answer, after: Answer, slack: float) -> bool:
    """Whether two labels differ only because the probabilities of both are the same."""
    one, other = compared.whole(before), compared.whole(after)
    chances = one["probabilities"]
    return (
        bool(chances)
        and not isinstance(one["prediction"], list | Mapping)
        and difference(chances, other["probabilities"]) <= slack
    )


def _within(judge: CaseJudge, before: Answer, after: Answer) -> RowJudgement:
    first, second = judge.compared.numbers(before), judge.compared.numbers(after)
    if len(first) != len(second) or not first or not all(map(math.isfinite, (*first, *second))):
        return RowJudgement(False, math.inf)
    amount = judge.expected.amount
    excess = [
        abs(new - old) - (amount * abs(old) if judge.expected.relative else amount)
        for old, new in zip(first, second, strict=True)
    ]
    rounding = ABSOLUTE * max(1.0, size(first), size(second))
    return RowJudgement(max(excess) <= rounding, max(excess))


def _between(judge: CaseJudge, _: Answer, after: Answer) -> RowJudgement:
    numbers = judge.compared.numbers(after)
    if not numbers or not all(map(math.isfinite, numbers)):
        return RowJudgement(False, math.inf)
    outside = max(
        max(judge.expected.low - number, number - judge.expected.high) for number in numbers
    )
    return RowJudgement(outside <= 0, outside)


def _label(judge: CaseJudge, _: Answer, after: Answer) -> RowJudgement:
    passed = judge.compared.has_label(after, judge.expected.label)
    return RowJudgement(passed, 0.0 if passed else 1.0)


_JUDGES: Mapping[ExpectationKind, Callable[[CaseJudge, Answer, Answer], RowJudgement]] = {
    "increases": _moves,
    "decreases": _moves,
    "same": _same,
    "within": _within,
    "between": _between,
    "label": _label,
}
