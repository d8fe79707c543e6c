"""``package init --data FILE --target COLUMN …``: writes a project that trains on a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import pandas as pd

from packager.data.preview import refuse_unservable, refuse_unservable_types
from packager.errors import UsageError
from packager.manifest.base import Kind, Task
from packager.project.config import FILENAME
from packager.project.example_case import example_case
from packager.project.large_columns import declarations, files_line
from packager.project.output_sections import NewOutput, outputs_of, recipe_values, sections
from packager.project.scaffold import (
    choose_target,
    fill,
    package_name,
    quoted,
    write_project,
)
from packager.project.table_preview import Preview, preview

LARGE = ("array", "list", "bytes", "date", "time", "decimal")
"""Kinds that the code for tables leaves out."""
CODE = {"array": "train_array.py.txt", "bytes": "train_files.py.txt"}
"""Kind of the only feature → template of its training code."""
LABELS = ("string", "boolean", "number", "integer")
"""Kinds of a target."""
_FOUND: dict[Kind, str] = {"datetime": "times", "bytes": "bytes", "any": "mixed values"}
MAX_CLASSES = 20
"""Integers with at most this many distinct values count as labels."""
MAX_SLICES, MAX_SLICE_VALUES = 3, 12
"""Number of slice columns in a new project, and of distinct values of such a column."""
MIN_IDS = 50
"""A text column with at least this many values, all distinct, holds ids or free text."""
ESTIMATORS = {
    "classification": "HistGradientBoostingClassifier",
    "regression": "HistGradientBoostingRegressor",
}


def init_training(directory: Path, data: Path, targets: Sequence[str] = ()) -> list[str]:
    """Write a project with a recipe for the table ``data``; return the files written.

    ``targets``: the columns to predict; several become outputs, without any one is chosen. Raises
    ``UsageError`` if it is no table, lacks a target, or has no other column.
    """
    table = preview(data)
    distinct = dict.fromkeys(targets) or (None,)
    columns = [choose_target(data.name, table.names, target) for target in distinct]
    tasks = {target: task_of_target(table, target) for target in columns}
    features = [name for name in table.names if name not in columns]
    included = _feature_names(table, features)
    if not included:
        named = "target" if len(columns) == 1 else "targets"
        raise UsageError(
            f"{data}: expected a column besides the {named} {', '.join(map(repr, columns))}, got "
            "none",
            "add features",
        )
    refuse_unservable_types(data, included, table.reader)
    refuse_unservable(table.rows, included)
    values = _values(directory, data, columns, table, included)
    content = {"requirements.txt": "pandas>=2.2\nscikit-learn>=1.5\n"}
    if len(columns) == 1:
        own: dict[str, str] = {"task": tasks[columns[0]], "target": quoted(columns[0])}
        own["case"] = example_case(table, included, columns[0], tasks[columns[0]])
        content[FILENAME] = fill("training.toml", values | own)
        content["train.py"] = _training_code(table, included, tasks[columns[0]])
    else:
        outputs = outputs_of(tasks)
        content[FILENAME] = fill("outputs.toml", values | {"outputs": sections(outputs)})
        content["train.py"] = _code_of_outputs(table, included, outputs)
    return write_project(directory, content, {f"data/{data.name}": data})


def _feature_names(table: Preview, features: Sequence[str]) -> list[str]:
    """The features of a new project: one column of arrays or files, or those of the other kinds."""
    included = [name for name in features if not why_left_out(table, name)] or list(features)
    large = [name for name in included if table.columns[name].kind in LARGE]
    plain = [name for name in included if name not in large]
    wide = [name for name in large if table.columns[name].kind in CODE]
    return plain or wide[:1] or included


def _training_code(table: Preview, included: Sequence[str], task: Task) -> str:
    kinds = {name: table.columns[name].kind for name in included}
    template = CODE.get(kinds[included[0]]) if len(included) == 1 else None
    if template is None:
        recipe = _recipe(has_times="datetime" in kinds.values())
        return fill("train_table.py.txt", {**recipe, "estimator": ESTIMATORS[task]})
    classifies = task == "classification"
    values = {
        "estimator": "LogisticRegression" if classifies else "Ridge",
        "options": 'max_iter=params["max_iter"]' if classifies else "random_state=seed",
        "column": quoted(included[0]),
    }
    return fill(template, values)


def _code_of_outputs(table: Preview, included: Sequence[str], outputs: Sequence[NewOutput]) -> str:
    """The recipe of several outputs; raises ``UsageError`` for arrays and files."""
    kinds = {name: table.columns[name].kind for name in included}
    large = [f"{name!r} of kind {kind}" for name, kind in kinds.items() if kind in LARGE]
    if large:
        raise UsageError(
            f"--target: expected one column for features like {large[0]}, got {len(outputs)}",
            "write a recipe of your own, and [outputs] into package.toml",
        )
    recipe = _recipe(has_times="datetime" in kinds.values())
    recipe["times"] = indent(recipe["times"], "    ")
    return fill("train_outputs.py.txt", {**recipe, **recipe_values(outputs, ESTIMATORS)})


def task_of_target(table: Preview, target: str) -> Task:
    """Classification for text, booleans and integers with few values; else regression.

    Raises ``UsageError`` for a target of times or without values.
    """
    values: pd.Series[Any] = table.rows[target].dropna()
    kind = table.columns[target].kind
    if kind not in LABELS or not len(values):
        got = "no value in the first rows" if kind in LABELS else _FOUND.get(kind, f"{kind}s")
        raise UsageError(
            f"--target {target}: expected labels or numbers, got {got}", "name another column"
        )
    if kind in ("string", "boolean"):
        return "classification"
    few = min(MAX_CLASSES, max(2, len(values) // 10))
    whole = bool((values % 1 == 0).all())
    return "classification" if whole and values.nunique() <= few else "regression"


def why_left_out(table: Preview, name: str) -> str:
    """Why a column is no feature; empty if it is one."""
    values = table.rows[name].dropna()
    if not len(values):
        return "no value in the first rows"
    is_text = table.columns[name].kind == "string"
    unlike = is_text and len(values) >= MIN_IDS and values.nunique() == len(values)
    return "a different text in each row" if unlike else ""


def _why_not(table: Preview, name: str) -> str:
    kind = table.columns[name].kind
    return why_left_out(table, name) or f"a column of kind {kind}, for a recipe of your own"


def include_lines(names: Sequence[str], table: Preview) -> str:
    """A line of TOML for each column, with a comment about its values."""
    return "\n".join(f"    {quoted(name)},  # {_about(table, name)}" for name in names)


def _about(table: Preview, name: str) -> str:
    column = table.columns[name]
    kind = {"string": "text", "datetime": "time"}.get(column.kind, column.kind)
    values = f", {table.rows[name].nunique()} values" if column.kind == "string" else ""
    return f"{kind}{values}{', with gaps' if table.rows[name].isna().any() else ''}"


def _values(
    directory: Path, data: Path, targets: Sequence[str], table: Preview, included: Sequence[str]
) -> dict[str, str]:
    left_out = [name for name in table.names if name not in (*included, *targets)]
    return {
        "name": package_name(directory),
        "source": quoted(f"data/{data.name}"),
        "read": files_line(table.reader.files) + table.read_line,
        "declared": declarations(table.columns.values(), table.reader.columns),
        "features": 'features = "array"\n'
        if [table.columns[name].kind for name in included] == ["array"]
        else "",
        "columns": include_lines(included, table),
        "left_out": "".join(
            f"    # {quoted(name)}: {_why_not(table, name)}\n" for name in left_out
        ),
        "slices": ", ".join(map(quoted, _slices(table, included))),
    }


def _slices(table: Preview, names: Sequence[str]) -> list[str]:
    """The first text and boolean columns with few distinct values, as slice columns."""
    few = [
        name
        for name in names
        if table.columns[name].kind in ("string", "boolean")
        and 2 <= table.rows[name].nunique() <= MAX_SLICE_VALUES
    ]
    return few[:MAX_SLICES]


def _recipe(*, has_times: bool) -> dict[str, str]:
    if not has_times:
        return {"days": "", "times": "", "function": "", "numbers": '"number"'}
    return {
        "function": "FunctionTransformer, ",
        "numbers": '"number", *TIMES',
        "times": (
            "        (FunctionTransformer(days), make_column_selector(dtype_include=TIMES)),\n"
        ),
        "days": (
            'TIMES = ["datetime", "datetimetz"]\n\n\n'
            "def days(frame: pd.DataFrame) -> pd.DataFrame:\n"
            '    """Times as days since 1970."""\n'
            '    start = pd.Timestamp(0, tz="UTC")\n'
            "    times = frame.apply(pd.to_datetime, utc=True)\n"
            "    return times.apply(lambda column: (column - start) / pd.Timedelta(days=1))\n\n"
        ),
    }
