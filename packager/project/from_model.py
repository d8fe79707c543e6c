"""``package init --from-model``: writes a project around a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelhost.loaders.formats import Format, found_format
from packager.confinement import refuse_strange
from packager.errors import PackageError, UsageError
from packager.manifest.base import Task
from packager.project.config import FILENAME
from packager.project.given_data import GivenData
from packager.project.model_facts import Facts, facts_of_format, facts_of_pickle
from packager.project.model_format import is_no_model
from packager.project.output_sections import ModelOutput, outputs_of, sections
from packager.project.pickles import read_header, refuse_pickles
from packager.project.scaffold import (
    choose_target,
    fill,
    package_name,
    quoted,
    torch_line,
    write_project,
)
from packager.project.table_preview import Preview
from packager.project.training_project import MAX_CLASSES, task_of_target


def init_from_model(
    directory: Path,
    model: Path,
    data: Path | GivenData | None,
    targets: Sequence[str] = (),
    requirements: str | None = None,
    task: Task | None = None,
) -> list[str]:
    """Write a project for a trained model, and its data if given; return the files written.

    ``targets``: several become outputs; without any one is chosen. ``requirements``: the text of
    the requirements file, and ``task``: what the model's file tells without them.
    Raises ``UsageError`` for a file that is no model, and ``PackageError`` for a pickle that would
    run code or references classes of ``__main__``.
    """
    model_format = _check_model(model)
    if model_format is None:
        facts = facts_of_pickle(read_header(_first_file(model)))
    else:
        facts = facts_of_format(model, model_format)
    requirement_lines = "".join(f"{line}\n" for line in facts.requirements)
    content = {"requirements.txt": requirement_lines if requirements is None else requirements}
    copies, values = {f"model/{model.name}": model}, {"data": "", "classes": ""}
    asked = list(dict.fromkeys(targets))
    if data is not None:
        given_data = data if isinstance(data, GivenData) else GivenData.copied_from(data)
        values = _measured(given_data, asked, facts, task)
        copies |= given_data.copies
    elif asked:
        raise UsageError("--target: expected --data with it, got none", "add --data FILE")
    answers = f"\n{facts.output.section()}" if facts.output and not task else None
    values = {"answers": answers or _task_line(task or facts.task)} | values
    values |= {"name": package_name(directory), "model": quoted(f"model/{model.name}")}
    values |= {"torch": torch_line(content["requirements.txt"]), "origin": ""}
    content[FILENAME] = fill("pretrained.toml", values)
    return write_project(directory, content, copies)


def _measured(
    data: GivenData, targets: Sequence[str], facts: Facts, task: Task | None
) -> dict[str, str]:
    """The parts of ``package.toml`` that the data tells: ``answers``, ``data``, ``classes``."""
    table = data.preview
    if facts.output is not None and task is None and len(targets) < 2:
        return _one_output(data, targets, facts.output)
    if len(targets) < 2:
        target_name = choose_target(data.name, table.names, targets[0] if targets else None)
        task = task or facts.task or task_of_target(table, target_name)
        labelled = facts.labelled or task == "regression"
        labels = "" if labelled else _classes(table, target_name, numbered=facts.numbered)
        line = labels and f"{labels}  # in the order of the model's outputs\n"
        return {"answers": _task_line(task), "data": data.section(target_name), "classes": line}
    for target in targets:
        choose_target(data.name, table.names, target)
    outputs = outputs_of({target: task_of_target(table, target) for target in targets})
    classes = {
        output.name: _classes(table, output.target, numbered=facts.numbered)
        for output in outputs
        if output.task == "classification" and not facts.labelled
    }
    answers = f"\n{sections(outputs, classes)}"
    return {"answers": answers, "data": data.section(None), "classes": ""}


def _one_output(data: GivenData, targets: Sequence[str], output: ModelOutput) -> dict[str, str]:
    """``answers``, ``data`` and ``classes`` of a model with one output that is no task.

    Raises ``UsageError`` for a target of an output that has no right answer.
    """
    if targets and not output.targeted:
        raise UsageError(
            f"--target: expected none for a model of kind {output.kind} without a right answer, "
            f"got {targets[0]!r}",
            "leave it out; `data.exclude` in package.toml keeps a column from the model",
        )
    if targets or (output.targeted and output.kind != "score"):
        names = data.preview.names
        target = choose_target(data.name, names, targets[0] if targets else None)
    else:
        target = None
    answers = f"\n{output.section(target)}"
    return {"answers": answers, "data": data.section(None), "classes": ""}


def _task_line(task: Task | None) -> str:
    return f'task = "{task or "regression"}"\n'


def _classes(table: Preview, target: str, *, numbered: bool) -> str:
    """The sorted labels of the data as a key, for a model that records none of its own.

    ``numbered``: it records their number, so that 0, 1 and so on need no line.
    """
    values = table.rows[target].dropna().unique().tolist()
    labels = sorted(values, key=lambda one: (isinstance(one, str), one))
    plain = [int(one) if isinstance(one, float) and one.is_integer() else one for one in labels]
    if not 2 <= len(plain) <= MAX_CLASSES or (numbered and plain == list(range(len(plain)))):
        return ""
    shown = [quoted(one) if isinstance(one, str) else str(one).lower() for one in plain]
    return f"classes = [{', '.join(shown)}]"


def _check_model(model: Path) -> Format | None:
    """The format of ``model``; None for a pickle or a file that a predictor reads."""
    if not model.exists():
        raise UsageError(f"--from-model {model}: no such file", "name a saved model")
    refuse_strange(model)
    if model.is_dir() and not any(path.is_file() for path in model.rglob("*")):
        raise UsageError(f"--from-model {model}: holds no file", "name a saved model")
    if (model / "MLmodel").is_file():
        raise UsageError(
            f"--from-model {model}: expected a saved model, got a folder of MLflow",
            f"write --from-mlflow {model}",
        )
    files = [model] if model.is_file() else [path for path in model.rglob("*") if path.is_file()]
    model_format = None if model.is_dir() else is_no_model(model)
    if model_format is None:
        try:
            known = found_format(model, f"--from-model {model}")
        except PackageError as error:
            raise UsageError(error.message, error.hint) from error
        if known is not None:
            refuse_pickles(model, str(model))
            return known
    others = [is_no_model(path) for path in files]
    if all(others):
        raise UsageError(
            f"--from-model {model}: expected a saved model, got "
            + (str(others[0]) if model.is_file() else f"a folder without one: {others[0]} in it"),
            "name the file that joblib.dump, pickle or the model's own save method wrote",
        )
    refuse_pickles(model, str(model))
    return None


def _first_file(model: Path) -> Path:
    return model if model.is_file() else next(p for p in sorted(model.rglob("*")) if p.is_file())
