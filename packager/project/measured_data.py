"""The table that a model trained elsewhere is measured on, as a section of ``package.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.base import Task
from packager.manifest.read_options import shown_options
from packager.project.scaffold import choose_target, quoted
from packager.project.table_preview import preview
from packager.project.training_project import include_lines


def measured_section(
    data: Path, target: str | None, inputs: Sequence[str], task: Task
) -> tuple[str, Task]:
    """``[data]`` of a model with the columns ``inputs``, and the task by the target's values.

    Raise ``UsageError`` where the data lacks one of them, or has no other column.
    """
    found = preview(data)
    lacking = [name for name in inputs if name not in found.names]
    if lacking:
        raise UsageError(
            f"--data {data}: expected the columns of the model's signature, got none called "
            f"{', '.join(map(repr, lacking[:5]))}",
            f"its columns are {', '.join(found.names[:20])}",
        )
    others = [name for name in found.names if name not in inputs]
    if target in inputs or not others:
        raise UsageError(
            f"--target: expected a column of {data.name} beside the model's inputs, got "
            f"{'none' if target is None else repr(target)}",
            "the data needs the true labels in a column of their own, to measure the model",
        )
    chosen = choose_target(data.name, others, target)
    if found.columns[chosen].kind in ("string", "boolean"):
        task = "classification"
    lines = [
        "\n[data]",
        f"source = {quoted(f'data/{data.name}')}",
        f"target = {quoted(chosen)}",
        *([shown_options(**found.options)] if found.options else []),
        "# The model's inputs, as its signature names them.",
        f"include = [\n{include_lines(inputs, found)}\n]\n",
    ]
    return "\n".join(lines), task
