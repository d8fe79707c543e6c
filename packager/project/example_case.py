"""An example of ``[[test.case]]`` in a new project, as a comment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from packager.manifest.base import Task
from packager.project.scaffold import quoted
from packager.project.table_preview import Preview

if TYPE_CHECKING:
    import pandas as pd

HEAD = "# What the model has to do on some rows: judged by `package build` and `package test`."
PAGE = "# See docs/behavioural-cases.md; remove the marks of a case that should hold."


def example_case(table: Preview, features: Sequence[str], target: str, task: Task) -> str:
    """A directional case on the number with the strongest trend; empty if there is no number.

    Of a classification, the probability of the first label counts. It is a comment, because a trend
    of the data is not what every row has to do: a model without fault may fail it.
    """
    numbers = [name for name in features if table.columns[name].kind in ("number", "integer")]
    if not numbers:
        return ""
    answers, label = table.rows[target], None
    if task == "classification":
        label = answers.dropna().iloc[0]
        answers = (answers == label).astype(float)
    trends = [_trend(table.rows[name], answers) for name in numbers]
    index = max(range(len(numbers)), key=lambda at: abs(trends[at]))
    column, trend = numbers[index], trends[index]
    answer, expect = ("larger", "increases") if trend >= 0 else ("smaller", "decreases")
    lines = [
        "[[test.case]]",
        f"name = {quoted(f'more {column}, {answer} answer')}",
        'kind = "directional"',
        f'change = {{ {quoted(column)} = "* 1.1" }}',
        f'expect = "{expect}"  # rank correlation in the data: {trend:+.2f}',
        "share = 0.9  # of the rows",
    ]
    if label is not None:
        shown = quoted(str(label)) if isinstance(label, str) else str(label).lower()
        lines.insert(5, f"label = {shown}  # the class whose probability counts")
    return "\n".join(["", HEAD, PAGE, *(f"# {line}" for line in lines), ""])


def _trend(column: pd.Series[Any], answers: pd.Series[Any]) -> float:
    """Spearman's rank correlation; 0 where there is none."""
    import pandas as pd

    both = pd.DataFrame({"one": column, "other": answers}).apply(pd.to_numeric, errors="coerce")
    ranks = both.dropna().rank()
    if len(ranks) < 3 or (ranks.nunique() < 2).any():
        return 0.0
    return round(float(ranks["one"].corr(ranks["other"])), 6)
