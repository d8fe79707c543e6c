"""An example of ``[[test.case]]`` in a new project, as a comment."""

from __future__ import annotations

from collections.abc import Sequence

from packager.manifest.base import Task
from packager.project.scaffold import quoted
from packager.project.table_preview import Preview

HEAD = "# What the model has to do on some rows: judged by `package build` and `package test`."
PAGE = "# See docs/behavioural-cases.md; remove the marks of a case that should hold."


def example_case(found: Preview, features: Sequence[str], target: str, task: Task) -> str:
    """A directional case on the first column of numbers; empty if there is none.

    Of a classification, the probability of the first label counts.
    """
    numbers = [name for name in features if found.columns[name].kind in ("number", "integer")]
    if not numbers:
        return ""
    column = numbers[0]
    lines = [
        "[[test.case]]",
        f"name = {quoted(f'more {column}, larger answer')}",
        'kind = "directional"',
        f'change = {{ {quoted(column)} = "* 1.1" }}',
        'expect = "increases"',
        "share = 0.9  # of the rows",
    ]
    if task == "classification":
        label = found.rows[target].dropna().iloc[0]
        shown = quoted(str(label)) if isinstance(label, str) else str(label).lower()
        lines.insert(5, f"label = {shown}  # the class whose probability counts")
    return "\n".join(["", HEAD, PAGE, *(f"# {line}" for line in lines), ""])
