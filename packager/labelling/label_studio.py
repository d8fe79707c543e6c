"""Labels in a JSON export of Label Studio: tasks with annotations by several annotators.

The format: https://labelstud.io/guide/export.html, "JSON" (not "JSON-MIN"). Predictions and drafts
are no labels.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.confinement import refuse_sparse
from packager.data.memory_limit import fitting_memory
from packager.errors import UsageError
from packager.labelling.csv_labels import NO_LABEL, PROBABILITY, LabelColumns, moment, probability
from packager.manifest.base import FileEntry
from packager.tables.labels.imported import ImportedLabel, ImportedLabels
from packager.tables.labels.records import ROW_HASH

CANCELLED = "cancelled"
NO_ANNOTATION = "tasks without annotations"
_VALUES = ("choices", "number", "rating", "text")
"""Keys of a result's ``value`` that are read; ``text`` is what a text area holds."""

Record = Mapping[str, Any]


def label_studio_labels(file: Path, columns: LabelColumns, key: Sequence[str]) -> ImportedLabels:
    """The labels of a JSON export; cancelled and empty annotations are skipped, and counted.

    ``key``: the columns that identify rows of the table; empty for the row hash. Raises
    ``UsageError``, naming the task, for anything that is no label of a row.
    """
    refuse_sparse(file, file.name)
    if columns.annotator_column is not None:
        raise UsageError(
            "--annotator-column: expected none with a JSON file, which names its annotators",
            "leave it out, or use --annotator",
        )
    try:
        with fitting_memory(file):
            tasks = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: expected a JSON export of Label Studio, got {error}") from error
    if not isinstance(tasks, list):
        raise _unexpected(f"{file}", "a list of tasks", tasks)
    if not tasks:
        raise UsageError(f"{file}: expected tasks, got none", "export them again")
    own = _key(columns, tasks, key)
    reader = _Reader(file, columns, own, Counter())
    labels = tuple(
        label for index, task in enumerate(tasks, 1) for label in reader.task(task, index)
    )
    return ImportedLabels(FileEntry.of(file, file.name), own, labels, reader.skipped)


def _key(columns: LabelColumns, tasks: Sequence[Any], key: Sequence[str]) -> tuple[str, ...]:
    if columns.on is not None:
        return columns.on
    objects = [task for task in tasks if isinstance(task, dict)]
    named = all(_cell(task, name) is not None for task in objects for name in key)
    hashed = all(_cell(task, ROW_HASH) is not None for task in objects)
    return tuple(key) if named or not hashed else ()


@dataclass(frozen=True)
class _Reader:
    """Reads the tasks of one file, and counts what it skips."""

    file: Path
    columns: LabelColumns
    key: tuple[str, ...]
    skipped: Counter[str]

    def task(self, task: Any, number: int) -> Iterator[ImportedLabel]:
        """The labels of one task."""
        location = f"{self.file}, task {number}"
        if not isinstance(task, dict):
            raise _unexpected(location, "an object", task)
        if isinstance(task.get("id"), int):
            location = f"{self.file}, task {task['id']}"
        if "annotations" not in task:
            raise UsageError(
                f"{location}: expected `annotations`, got none",
                "export the project as JSON, not as JSON-MIN or CSV",
            )
        annotations = task["annotations"]
        if not isinstance(annotations, list):
            raise _unexpected(location, "a list of annotations", annotations)
        if not annotations:
            self.skipped[NO_ANNOTATION] += 1
            return
        key = self._row(task, location)
        task_probability = probability(_cell(task, PROBABILITY), location)
        for annotation in annotations:
            if not isinstance(annotation, dict):
                raise _unexpected(location, "an annotation", annotation)
            label = self._label(annotation, location)
            if label is not None:
                yield ImportedLabel(
                    location.rpartition(", ")[2],
                    key,
                    self._annotator(annotation, location),
                    label,
                    task_probability,
                    moment(annotation.get("updated_at") or annotation.get("created_at"), location),
                )

    def _row(self, task: Record, location: str) -> tuple[str, ...]:
        texts = []
        for name in self.key or (ROW_HASH,):
            value = _cell(task, name)
            if value is None or isinstance(value, dict | list):
                raise UsageError(
                    f"{location}: expected {name!r} in its `data` or `meta`, got none",
                    "name the columns that identify rows: --on COLUMN",
                )
            texts.append(str(value).lower() if isinstance(value, bool) else str(value))
        return tuple(texts) if self.key else (texts[0].lower(),)

    def _label(self, annotation: Record, location: str) -> str | None:
        """The label of an annotation; None if it has none."""
        if annotation.get("was_cancelled"):
            self.skipped[CANCELLED] += 1
            return None
        results = annotation.get("result")
        if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
            raise _unexpected(location, "`result` with a list", results)
        column = self.columns.label
        mine = [result for result in results if column in (None, result.get("from_name"))]
        if not mine:
            self.skipped[NO_LABEL] += 1
            return None
        names = sorted({str(one.get("from_name")) for one in mine})
        if len(names) > 1:
            raise UsageError(
                f"{location}: expected answers of one control, got those of {', '.join(names)}",
                f"name the one with the label: --label-column {names[0]}",
            )
        if len(mine) > 1:
            raise UsageError(
                f"{location}: expected one answer by an annotator, got {len(mine)} of {names[0]}",
                "a labelling scheme has one label for a row",
            )
        answer = _answer(mine[0], location)
        if not answer:
            self.skipped[NO_LABEL] += 1
        return answer or None

    def _annotator(self, annotation: Record, location: str) -> str:
        named = self.columns.named_annotator
        if named is not None:
            return named
        by = annotation.get("completed_by")
        if isinstance(by, dict):
            by = by.get("email") or by.get("username") or by.get("id")
        if isinstance(by, bool) or not isinstance(by, int | str) or not str(by).strip():
            raise UsageError(
                f"{location}: expected `completed_by` with an annotator, got {by!r}",
                "name who labelled: --annotator NAME",
            )
        return str(by).strip()


def _answer(result: Record, location: str) -> str:
    value = result.get("value")
    if not isinstance(value, dict):
        raise _unexpected(location, "a result with a `value`", value)
    keys = [name for name in _VALUES if name in value]
    if len(keys) != 1:
        raise UsageError(
            f"{location}: expected an answer of the type choices, number, rating or textarea, got "
            f"{result.get('type')!r}",
            "name the control with the label: --label-column FROM_NAME",
        )
    answer = value[keys[0]]
    if isinstance(answer, list):
        if len(answer) != 1:
            raise UsageError(
                f"{location}: expected one answer, got {len(answer)}",
                'let annotators choose one: <Choices choice="single">',
            )
        answer = answer[0]
    if isinstance(answer, bool) or not isinstance(answer, int | float | str):
        raise _unexpected(location, "a text or a number as the answer", answer)
    return str(answer).strip()


def _cell(task: Record, name: str) -> Any:
    """A value of a task's ``meta`` or ``data``; None if neither has it."""
    for part in ("meta", "data"):
        values = task.get(part)
        if isinstance(values, dict) and values.get(name) is not None:
            return values[name]
    return None


def _unexpected(location: str, expected: str, got: object) -> UsageError:
    return UsageError(
        f"{location}: expected {expected}, got {type(got).__name__}",
        "export the project as JSON, not as JSON-MIN or CSV",
    )
