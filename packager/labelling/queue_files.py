"""The chosen rows as files for annotators: CSV, or tasks of Label Studio with their labelling page.

Formats of Label Studio: https://labelstud.io/guide/tasks.html, https://labelstud.io/tags/.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import pandas as pd

from packager.cache import atomic_file
from packager.data.csv_writer import csv_writer
from packager.data.personal import personal_kind
from packager.data.spreadsheet import escaped
from packager.digest import canonical_json
from packager.errors import UsageError
from packager.labelling.csv_labels import LABEL, PROBABILITY
from packager.labelling.queue import Choice
from packager.labelling.queue_rows import TOKEN
from packager.manifest.manifest import Manifest
from packager.tables.labels.records import ROW_HASH

EXPECTED, REASON, ANSWER = "expected_loss", "reason", "model_answer"
Form = Literal["csv", "label-studio"]
OWN = (ROW_HASH, PROBABILITY, EXPECTED, REASON, LABEL, ANSWER)
"""Columns of the queue; one of the rows with such a name is written as ``data.NAME``."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class QueueContents:
    """The columns that are written of each chosen row."""

    personal: bool = False
    """Whether columns of personal data are written."""
    answers: bool = False
    """Whether the model's answers are written, as a suggestion to annotators."""


def shown_columns(
    choice: Choice, manifest: Manifest, contents: QueueContents
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of the rows that are written, and those left out as personal data.

    Only columns that the package knows: what is in others was never examined. Raises
    ``UsageError`` for a key of personal data, unless that is wanted.
    """
    schema, frame = manifest.schema_, choice.rows.frame
    known = [one for one in (*schema.features, *schema.extras) if one.name in frame.columns]
    hidden = [] if contents.personal else [one.name for one in known if one.personal]
    for name in choice.keys:
        kind = None if name == TOKEN else personal_kind(name, frame[name])
        if (kind is not None or name in hidden) and not contents.personal:
            raise UsageError(
                f"--key-columns {name}: expected a column without personal data, got "
                f"{kind or 'personal data'}",
                "leave it out: rows are then identified by their hash; or add --personal",
            )
    shown = tuple(one.name for one in known if one.name not in (*hidden, *choice.keys))
    return shown, tuple(hidden)


def write_queue(
    choice: Choice, manifest: Manifest, contents: QueueContents, output: Path, form: Form
) -> tuple[Path, ...]:
    """Write the chosen rows to ``output``, and for Label Studio the page beside it."""
    if form == "csv":
        texts = {output: as_csv(choice, manifest, contents)}
    else:
        page = output.with_name(f"{output.name}.xml")
        texts = {output: as_label_studio(choice, manifest, contents)}
        texts[page] = labelling_page(manifest)
    for path, text in texts.items():
        with atomic_file(path) as file:
            file.write_text(text, encoding="utf-8")
    return tuple(texts)


def as_csv(choice: Choice, manifest: Manifest, contents: QueueContents) -> str:
    """One line a row: keys, the row, an empty ``label``, and how it was chosen.

    Text that a spreadsheet would run as a formula is escaped.
    """
    file = io.StringIO()
    writer = csv_writer(file)
    names: list[str] = []
    for record in _records(choice, manifest, contents):
        cells = {
            **{_free(name): _cell(value) for name, value in record.keys.items()},
            **{_free(name): _cell(value) for name, value in record.row.items()},
            **({ANSWER: _cell(record.answer)} if contents.answers else {}),
            LABEL: "",
            **record.facts,
        }
        if not names:
            names = list(cells)
            writer.writerow(map(escaped, names))
        writer.writerow([escaped(cells[name]) for name in names])
    return file.getvalue()


def as_label_studio(choice: Choice, manifest: Manifest, contents: QueueContents) -> str:
    """A JSON list of tasks: the row under ``data``, how it was chosen under ``data`` and ``meta``.

    ``data`` is in every export of Label Studio. A model's answer is a prediction, which annotators
    see as a suggestion.
    """
    tasks = []
    for record in _records(choice, manifest, contents):
        own = {**record.keys, **record.facts}
        row = {name: value for name, value in record.row.items() if value is not None}
        task: dict[str, Any] = {"data": {"row": row, **own}, "meta": own}
        if contents.answers and record.answer is not None:
            task["predictions"] = [_suggestion(record.answer, manifest)]
        tasks.append(task)
    return json.dumps(tasks, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def labelling_page(manifest: Manifest) -> str:
    """The configuration of a Label Studio project for these tasks: the row, and one answer."""
    target = manifest.schema_.target
    name = target.name if target is not None else "answer"
    classes = manifest.schema_.probability_classes
    if classes is None and target is not None and manifest.task == "classification":
        classes = target.categories
    if manifest.task == "regression":
        control = '  <Number name="label" toName="row" required="true"/>\n'
    elif classes:
        choices = "".join(f"    <Choice value={_attribute(class_)}/>\n" for class_ in classes)
        control = '  <Choices name="label" toName="row" choice="single" required="true">\n'
        control += f"{choices}  </Choices>\n"
    else:
        control = '  <TextArea name="label" toName="row" maxSubmissions="1" required="true"/>\n'
    return (
        f"<View>\n  <Header value={_attribute(name)}/>\n"
        f'  <Table name="row" value="$row"/>\n{control}</View>\n'
    )


@dataclass(frozen=True)
class _Record:
    keys: Mapping[str, Any]
    row: Mapping[str, Any]
    answer: Any
    facts: Mapping[str, Any]


def _records(choice: Choice, manifest: Manifest, contents: QueueContents) -> Iterator[_Record]:
    shown, _ = shown_columns(choice, manifest, contents)
    frame = choice.rows.frame
    keys = _plain(frame, choice.keys, choice)
    rows = _plain(frame, shown, choice)
    for at, index in enumerate(choice.indices.tolist()):
        facts = {
            ROW_HASH: f"{int(choice.rows.hashes[index]):016x}",
            PROBABILITY: float(choice.probabilities[index]),
            EXPECTED: float(choice.expected.mean[index]),
            REASON: choice.reasons[at],
        }
        answer = choice.answers[index]["prediction"]
        yield _Record(keys[at], rows[at], answer, facts)


def _plain(frame: pd.DataFrame, names: Sequence[str], choice: Choice) -> list[dict[str, Any]]:
    """The chosen rows as JSON values, times as ISO text."""
    columns = {name: [_value(cell) for cell in frame[name].iloc[choice.indices].astype(object)]
               for name in names}  # fmt: skip
    return [{name: columns[name][at] for name in names} for at in range(len(choice.indices))]


def _value(cell: Any) -> Any:
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    if isinstance(cell, list | tuple) or hasattr(cell, "tolist"):
        cell = cell.tolist() if hasattr(cell, "tolist") else list(cell)
    if isinstance(cell, list):
        return [_value(one) for one in cell]
    if isinstance(cell, dict):
        return {str(name): _value(one) for name, one in cell.items()}
    if pd.isna(cell):
        return None
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    if isinstance(cell, float) and cell in (float("inf"), float("-inf")):
        return str(cell)
    return cell if isinstance(cell, str | bool | int | float) else str(cell)


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return canonical_json(value).decode()
    return "" if value is None else value


def _free(name: str) -> str:
    return f"data.{name}" if name in OWN else name


def _suggestion(answer: Any, manifest: Manifest) -> dict[str, Any]:
    kind, value = "textarea", {"text": [str(answer)]}
    if manifest.task == "regression":
        kind, value = "number", {"number": answer}
    elif manifest.task == "classification":
        kind, value = "choices", {"choices": [str(answer)]}
    elif isinstance(answer, dict | list):
        value = {"text": [canonical_json(answer).decode()]}
    result = {"from_name": "label", "to_name": "row", "type": kind, "value": value}
    return {"model_version": f"{manifest.name}:{manifest.tag}", "result": [result]}


def _attribute(value: Any) -> str:
    """A value as a quoted attribute of XML, without characters that XML has not."""
    return quoteattr(_NOT_XML.sub("\ufffd", str(value)))
