"""Golden cases: the model's answers to rows whose right answers are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.errors import UsageError
from packager.manifest.base import Task
from packager.manifest.case import Case
from packager.manifest.manifest import Column, Manifest, Schema
from packager.manifest.read_options import TableReadOptions
from packager.model.answer_difference import difference
from packager.model.golden_answers import GoldenCase, answer_names, differs, golden_case
from packager.worker.test.cases.outcomes import RowVerdict, short
from packager.worker.test.cases.row_outcomes import RowAsker, RowReply
from packager.worker.test.cases.rows import CaseRows, given_rows


def read_golden(
    case: Case, task: Task, schema: Schema, reader: TableReadOptions, code: Path
) -> GoldenCase:
    """The rows of a golden case; raise ``UsageError`` if one lacks its right answer."""
    names = answer_names(task, schema)
    rows = given_rows(case, schema, reader, code, [_answer_column(name, schema) for name in names])
    if task == "outputs" and case.file is not None:
        rows = [{k: _parsed(v) if k in names else v for k, v in row.items()} for row in rows]
    try:
        return golden_case(case, rows, task, schema)
    except ValueError as error:
        raise UsageError(
            f"case {case.name!r}: {error}", "see docs/behavioural-cases.md for golden rows"
        ) from error


def judge_golden(
    golden: GoldenCase, asker: RowAsker, manifest: Manifest
) -> tuple[CaseRows, list[RowVerdict]]:
    """The rows of the case, and the outcome of each."""
    reply = asker.query(golden.rows)
    pairs = zip(golden.right, reply, strict=True)
    outcomes = [_outcome(right, one, golden, manifest) for right, one in pairs]
    return CaseRows(golden.rows, range(len(golden.rows)), {}), outcomes


def _outcome(right: Any, reply: RowReply, golden: GoldenCase, manifest: Manifest) -> RowVerdict:
    if reply.answer is None:
        return RowVerdict(False, float("inf"), reply.why, {"expected": right, "why": reply.why})
    got = reply.answer["prediction"]
    wrong = differs(right, got, golden.tolerance, manifest.task)
    shown = {"expected": short(right), "got": short(got)}
    why = f"expected {short(right)}, got {short(got)}"
    return RowVerdict(not wrong, difference(right, got) if wrong else 0.0, why, shown)


def _answer_column(name: str, schema: Schema) -> Column:
    target = schema.target
    if target is not None and target.name == name:
        return target.model_copy(update={"categories": None})
    return Column(name=name, kind="any", dtype="object", nullable=True)


def _parsed(cell: Any) -> Any:
    """A cell of a table: JSON if it is, else its text."""
    if isinstance(cell, str):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return dict(cell) if isinstance(cell, Mapping) else cell
