"""Checks of a project before anything is resolved, started or written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from monitoring.slices.slices import Rule
from packager.data.preview import (
    read_first_rows,
    refuse_commas,
    refuse_no_array,
    refuse_unservable,
    refuse_unservable_types,
)
from packager.data.sources.table import column_names
from packager.errors import UsageError
from packager.project.case_rules import case_columns
from packager.project.config import FILENAME, Project
from packager.project.entry_modules import entrypoints
from packager.project.feature_columns import feature_columns
from packager.project.pickles import refuse_pickles
from packager.project.sections import DataSection


def check_columns(project: Project) -> None:
    """Raise ``UsageError`` if ``package.toml`` names a column that the data lacks."""
    data = project.data
    if project.monitoring.embedding is not None and project.package.flow is not None:
        raise UsageError(
            f"{FILENAME}: `monitoring.embedding`: expected a package of one model, got a solution",
            "name it in the project of the member that has the embedding",
        )
    if data is None:
        _check_no_data(project)
        return
    source, reader = project.path(data.source), data.reader
    present = column_names(source, reader)
    key = "data.target" if data.target else "outputs"
    named: dict[str, Iterable[str]] = {key: project.targets, "data.exclude": data.exclude}
    named |= {"data.include": data.include, "data.train_only": data.train_only}
    named |= {"data.key": data.key}
    named |= {f"member {one.name}: truth": [one.truth] for one in project.member if one.truth}
    named |= {"data.personal": data.personal, "data.not_personal": data.not_personal}
    named |= {"data.columns": tuple(data.columns), "data.read.dtypes": tuple(data.read.dtypes)}
    compared = project.monitoring
    named |= {"monitoring.exclude": compared.exclude, "monitoring.include": compared.include}
    named |= {"test.groups": project.test.groups}
    named |= {"test.fairness.columns": project.test.fairness.columns}
    named |= {"data.split.by": data.split.by, "slices.columns": project.slices.columns}
    if data.split.time:
        named["data.split.time"] = [data.split.time]
    for name, output in project.outputs.items():
        if output.group is not None:
            named[f"outputs.{name}.group"] = [output.group]
    for name, text in project.slices.rules.items():
        named[f"slices.rules.{name}"] = _rule_columns(name, text)
    for case in project.test.case:
        named[f"test.case {case.name!r}"] = case_columns(case)
    for key, columns in named.items():
        _require(key, columns, present, data.source)
    for target in project.targets:
        if target in data.exclude:
            raise UsageError(
                f"{FILENAME}: `data.exclude`: expected no target among them, got {target!r}",
                "the target is never a feature; leave it out of exclude",
            )
    if data.split.file:
        held_out = column_names(project.path(data.split.file), reader)
        _require("data.split.file", present, held_out, data.split.file)
    _check_first_rows(project, data, source, present)


def _check_first_rows(
    project: Project, data: DataSection, source: Path, present: list[str]
) -> None:
    """Raise ``UsageError`` if column types or the first rows show data that can't be served."""
    features = feature_columns(project, present)
    refuse_unservable_types(source, features, data.reader)
    rows = read_first_rows(source, data.reader)
    if project.features == "array":
        refuse_no_array(rows, features)
    refuse_commas(rows, data.reader, data.source)
    refuse_unservable(rows, features, data.reader)


def check_code(project: Project, code: Mapping[str, Path]) -> None:
    """Raise ``UsageError`` if ``package.toml`` names a module that is not packaged."""
    for case in project.test.case:
        if case.file is not None and case.file not in code:
            raise UsageError(
                f"{FILENAME}: test.case {case.name!r}: expected {case.file} among the packaged "
                "code, got none",
                "the folder that holds the data is not packaged, nor what .gitignore and "
                ".dockerignore name: move the file to another folder",
            )
    flow = project.package.flow
    embedding = project.monitoring.embedding
    named = entrypoints(project.serve.predictor, project.recipe, project.test.case, flow, embedding)
    for key, entrypoint in named.items():
        path = entrypoint.partition(":")[0].replace(".", "/")
        paths = [f"{top}{path}{end}" for top in ("", "src/") for end in (".py", "/__init__.py")]
        if entrypoint != "auto" and not any(target in code for target in paths):
            raise UsageError(
                f"{FILENAME}: `{key}`: expected {path}.py among the packaged code, got none",
                "the folder that holds the data is not packaged, nor what .gitignore and "
                ".dockerignore name: move the data into a folder of its own",
            )


def check_model_files(model: Mapping[str, Path], allow: Sequence[str] = ()) -> None:
    """Raise ``PackageError`` for a pickle that would run code, or needs classes of ``__main__``.

    ``allow``: globals that the project allows.
    """
    for name, path in model.items():
        refuse_pickles(path, f"model file {name}", allow)


def _check_no_data(project: Project) -> None:
    if project.monitoring.embedding is not None:
        raise UsageError(
            f"{FILENAME}: `monitoring.embedding`: expected [data] to compare live rows with,"
            " got none",
            "add [data], or remove it",
        )
    if project.features == "array":
        raise UsageError(
            f"{FILENAME}: `model.features`: expected [data] with the column of arrays, got none",
            "add [data] with rows like those that the model was trained on",
        )
    if project.slices.columns or project.slices.rules:
        raise UsageError(
            f"{FILENAME}: `slices`: expected [data] to take them from, got none", "add [data]"
        )


def _rule_columns(name: str, text: str) -> tuple[str, ...]:
    try:
        return Rule.parse(text).columns
    except ValueError as error:
        raise UsageError(
            f"{FILENAME}: `slices.rules.{name}`: {error}",
            "write a condition on columns, for example carat >= 1.5",
        ) from error


def _require(key: str, columns: Iterable[str], present: list[str], where: str) -> None:
    for column in columns:
        if column not in present:
            close = difflib.get_close_matches(column, present, 1, 0.6)
            shown = ", ".join(present[:20]) + (", …" if len(present) > 20 else "")
            raise UsageError(
                f"{FILENAME}: `{key}`: expected a column of {where}, got {column!r}",
                f"did you mean {close[0]!r}?" if close else f"its columns are {shown}",
            )
