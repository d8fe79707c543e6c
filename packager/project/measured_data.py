"""Writes the ``[data]`` section for measuring a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.base import Task
from packager.project.scaffold import choose_target, quoted
from packager.project.table_preview import preview
from packager.project.training_project import include_lines


def measured_section(
    data: Path,
    target: str | None,
    inputs: Sequence[str],
    task: Task,
    optional: Collection[str] = (),
) -> tuple[str, Task, list[str]]:
    """The text of ``[data]`` for a model with the columns ``inputs``, its task, and its features.

    These are the inputs without those of ``optional`` that the data lacks.
    The task is classification if the target holds text or booleans, else ``task``. Raises
    ``UsageError`` if the data lacks an input column, or has no column besides them.
    """
    table = preview(data)
    inputs = [name for name in inputs if name in table.names or name not in optional]
    lacking = [name for name in inputs if name not in table.names]
    if lacking:
        raise UsageError(
            f"--data {data}: expected the columns of the model's signature, got none called "
            f"{', '.join(map(repr, lacking[:5]))}",
            f"its columns are {', '.join(table.names[:20])}",
        )
    others = [name for name in table.names if name not in inputs]
    if target in inputs or not others:
        raise UsageError(
            f"--target: expected a column of {data.name} besides the model's inputs, got "
            f"{'none' if target is None else repr(target)}",
            "the data needs a column with the true labels, to evaluate the model",
        )
    target_name = choose_target(data.name, others, target)
    if table.columns[target_name].kind in ("string", "boolean"):
        task = "classification"
    lines = [
        "\n[data]",
        f"source = {quoted(f'data/{data.name}')}",
        f"target = {quoted(target_name)}",
        *table.read_line.splitlines(),
        "# The model's inputs, as its signature names them.",
        f"include = [\n{include_lines(inputs, table)}\n]\n",
    ]
    return "\n".join(lines), task, inputs
