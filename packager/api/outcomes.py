"""Results that read well as text and in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from packager.compare.records import Difference
from packager.report import data_test, evaluation, package_diff
from packager.report.preformatted import preformatted
from packager.run.paired_evaluation import PairedEvaluation, PairedOutputs
from packager.worker.replay import report_text
from packager.worker.replay.report import ReplayReport
from packager.worker.test.report import DataTestReport

TEXT_COLUMNS = 100


class _Outcome:
    """A result: its text is what the command line prints, its page is that text, escaped."""

    _text: Callable[[], str]

    def __str__(self) -> str:
        return self._text()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


class TestOutcome(_Outcome):
    """The result of a test on new data."""

    __test__ = False  # not one of pytest's

    def __init__(self, report: DataTestReport) -> None:
        self.report = report
        self._text = lambda: data_test.as_text(report, TEXT_COLUMNS)

    @property
    def passed(self) -> bool:
        """Whether the package's policy lets it pass."""
        return self.report.passed

    @property
    def checks(self) -> pd.DataFrame:
        """A row for each check."""
        names = ("family", "name", "baseline", "now", "difference", "limit", "q", "verdict", "why")
        rows = [{name: getattr(check, name) for name in names} for check in self.report.checks]
        return pd.DataFrame(rows, columns=list(names))


class ReplayOutcome(_Outcome):
    """The result of a replay."""

    def __init__(self, report: ReplayReport) -> None:
        self.report = report
        self._text = lambda: report_text.as_text(report)

    @property
    def passed(self) -> bool:
        """Whether the repeat is as equal as the package claims."""
        return self.report.passed

    @property
    def level(self) -> str:
        """The equivalence level that was reached."""
        return str(self.report.level)


class DiffOutcome(_Outcome):
    """The differences between two packages; with rows, a paired comparison on them."""

    def __init__(self, comparison: Difference | PairedEvaluation | PairedOutputs) -> None:
        self.comparison = comparison
        if isinstance(comparison, Difference):
            self._text = lambda: package_diff.as_text(comparison, TEXT_COLUMNS)
        else:
            self._text = lambda: evaluation.as_text(comparison, TEXT_COLUMNS)

    @property
    def document(self) -> dict[str, Any]:
        """As ``package diff --json`` prints it."""
        if isinstance(self.comparison, Difference):
            return dict(package_diff.as_json(self.comparison))
        return dict(evaluation.as_json(self.comparison))
