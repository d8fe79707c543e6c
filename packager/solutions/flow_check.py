"""Mistakes of a flow that its code shows before anything is trained; pure."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from modelhost.text import class_text
from packager.errors import UsageError
from packager.project.solution_rules import RESERVED
from packager.solutions.flow_code import FlowCode, FlowReader


class MemberFacts(NamedTuple):
    """The columns and answers of a member that a flow may use."""

    needed: Sequence[str]
    """The columns without which it gives no answer."""
    outputs: Sequence[str]
    """Its outputs, if it has several."""
    classes: Sequence[object] | None
    """The labels of its probabilities; None if it has none, or they are not known."""


def check_names(file: str, code: FlowCode, members: Collection[str]) -> None:
    """Raise ``UsageError`` unless the flow can be called, and names ``members`` only."""
    name = code.function.name
    if isinstance(code.function, ast.AsyncFunctionDef):
        raise UsageError(
            f"{file}:{code.line}: {name}: expected a function, got an async one",
            f"write `def {name}(rows, members):`; members work at the same time with `submit`",
        )
    if not code.takes_two:
        raise UsageError(
            f"{file}:{code.line}: {name}: expected a function of two arguments, rows and members,"
            f" got ({ast.unparse(code.function.args)})",
            f"write `def {name}(rows, members):`",
        )
    reader = FlowReader(code, members, frozenset())
    for use in reader.members():
        if use.name not in members and use.name not in RESERVED:
            raise UsageError(
                f"{file}:{use.line}: expected one of the members {', '.join(members)}, got"
                f" {use.name!r}",
                _suggestion(use.name, members)
                or "add a [[member]] of that name to package.toml, or correct the flow",
            )


def check_columns(
    file: str, code: FlowCode, features: Sequence[str], members: Collection[str]
) -> None:
    """Raise ``UsageError`` for a column that the frame it is read from lacks.

    ``features``: the columns of the flow's rows.
    """
    for read in FlowReader(code, members, frozenset(features)).columns():
        if read.column not in read.columns:
            raise UsageError(
                f"{file}:{read.line}: expected one of the columns {_shown(features, read.columns)},"
                f" got {read.column!r}",
                _suggestion(read.column, read.columns)
                or "the flow gets neither the target nor the key, nor columns that `truth` names",
            )


def check_uses(
    file: str, code: FlowCode, features: Sequence[str], members: Mapping[str, MemberFacts]
) -> None:
    """Raise ``UsageError`` for columns, outputs or labels that members do not have.

    ``features``: the columns of the flow's rows.
    """
    reader = FlowReader(code, members.keys(), frozenset(features))
    for handed in reader.handovers():
        needed = members[handed.member].needed
        absent = next((column for column in needed if column not in handed.columns), None)
        if absent is not None:
            raise UsageError(
                f"{file}:{handed.line}: member {handed.member!r}: expected the column {absent!r},"
                f" got {_shown(features, handed.columns)}",
                "hand it over, or give it a default in the member's project"
                f" ([data.columns] {absent} = {{ default = … }}), if requests may lack it",
            )
    for use in reader.answers():
        _check_answer(f"{file}:{use.line}", use.member, use.method, use.argument, members)


def _check_answer(
    location: str, member: str, method: str, name: object, members: Mapping[str, MemberFacts]
) -> None:
    facts = members[member]
    if method == "output" and name not in facts.outputs:
        known = ", ".join(facts.outputs)
        raise UsageError(
            f"{location}: member {member!r}: expected one of its outputs,"
            f" {known or 'of which it has one'}, got {name!r}",
            _suggestion(name, facts.outputs) or "use .predictions of a member with one answer",
        )
    labels = None if facts.classes is None else [class_text(class_) for class_ in facts.classes]
    if method == "probability" and labels is not None and class_text(name) not in labels:
        raise UsageError(
            f"{location}: member {member!r}: expected one of its labels, {', '.join(labels)}, got"
            f" {name!r}",
            _suggestion(name, labels) or "`package inspect` lists them",
        )


def _shown(features: Sequence[str], columns: Collection[str], most: int = 20) -> str:
    """The columns, those of the data first and in its order."""
    ordered = [name for name in features if name in columns]
    ordered += sorted({*columns} - {*ordered})
    return ", ".join(ordered[:most]) + (", …" if len(ordered) > most else "")


def _suggestion(name: object, known: Collection[str]) -> str | None:
    close = difflib.get_close_matches(str(name), [*known], 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else None
