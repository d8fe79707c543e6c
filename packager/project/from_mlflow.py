"""``package init --from-mlflow``: makes a project from a model that MLflow saved.

It is a folder, or a model with a tracking server, which is downloaded. The folder is copied into
the project unchanged. A scikit-learn model is loaded natively, without MLflow; any other flavour
through ``mlflow.pyfunc``, with the small ``mlflow-skinny``.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from packager.cache import temporary_directory
from packager.client.tracking_server import TRACKING_URI, TrackingServer
from packager.confinement import refuse_strange
from packager.errors import PackageError, UsageError
from packager.manifest.base import Task
from packager.project.config import FILENAME
from packager.project.measured_data import measured_section
from packager.project.mlflow.address import is_address, parse_address
from packager.project.mlflow.artifacts import download_model
from packager.project.mlflow.origin import read_origin
from packager.project.mlflow.own_globals import own_globals
from packager.project.mlflow.record import PROJECT_FILE, ModelOrigin
from packager.project.mlflow.saved_model import MLMODEL, MlflowModel, read_model
from packager.project.mlflow.tracked_model import tracked_model
from packager.project.scaffold import (
    fill,
    package_name,
    quoted,
    task_of,
    torch_line,
    write_project,
)
from packager.project.small_yaml import small_yaml
from packager.project.table_preview import preview
from packager.text import escape_in_literal

MLFLOW = r"mlflow(-skinny)?(\[.*\])?(?![\w-])"
Table = tuple[Path | None, str | None]
"""``--data`` and ``--target``."""


def init_from_mlflow(
    directory: Path,
    model: Path | str,
    data: Path | None = None,
    target: str | None = None,
    tracking_uri: str | None = None,
) -> list[str]:
    """Write a project around ``model``, a folder or an address; return the files written.

    ``tracking_uri``: the server of an address; None for MLflow's own variable. With ``data`` the
    build fingerprints and profiles it, and measures the model on it. Raises ``UsageError`` if there
    is no such model, if its signature names no columns, or if the data lacks one of them; then
    nothing is written.
    """
    if not is_address(str(model)):
        if tracking_uri is not None:
            raise UsageError(
                f"--tracking-uri: expected the address of a model with it, got {model}",
                "write --from-mlflow models:/NAME@ALIAS, or leave it out",
            )
        folder = Path(model)
        refuse_strange(folder)
        saved = read_model(folder)
        return _write(directory, folder, saved, read_origin(folder, saved), (data, target))
    address = parse_address(str(model))
    server = TrackingServer(tracking_uri or os.environ.get(TRACKING_URI, ""))
    tracked = tracked_model(address, server)
    with temporary_directory() as place:
        folder = place / "model"
        folder.mkdir()
        download_model(tracked.artifacts, server, folder)
        saved = read_model(folder)
        origin = read_origin(folder, saved, tracked, str(model), server.address)
        return _write(directory, folder, saved, origin, (data, target))


def _write(
    directory: Path, model: Path, saved: MlflowModel, origin: ModelOrigin, table: Table
) -> list[str]:
    data, target = table
    if saved.tensor and data is not None:
        saved = saved.with_names(_names(data, target, len(saved.columns)))
        origin = origin.model_copy(update={"columns": saved.types})
    allowed = own_globals(model, saved)
    section, task, inputs = "", _task(model, saved), [*saved.columns]
    if data is not None:
        section, task, inputs = measured_section(data, target, inputs, task, saved.optional)
    elif target is not None:
        raise UsageError("--target: expected --data with it, got none", "add --data FILE")
    values = {
        "reader": quoted(saved.reader),
        "file": quoted(saved.file),
        "code": quoted(saved.code),
        "columns": _literal({name: saved.columns[name] for name in inputs}),
        "optional": _literal([name for name in saved.optional if name in inputs]),
        "tensor": quoted(saved.tensor),
    }
    toml = {
        "name": package_name(directory),
        "answers": f'task = "{task}"\n',
        "data": section,
        "classes": "",
    }
    required = _requirements(model, saved)
    toml |= {"model": quoted("model"), "torch": torch_line(required)}
    toml |= {"origin": f"origin = {quoted(PROJECT_FILE)}\n"}
    text = fill("pretrained.toml", toml)
    content = {
        FILENAME: text + 'predictor = "predict:Predictor"\n' + _allow_line(allowed),
        "predict.py": fill("mlflow_predict.py.txt", values),
        "requirements.txt": required,
        PROJECT_FILE: origin.model_dump_json(indent=2) + "\n",
    }
    copies = {"model": model} | ({f"data/{data.name}": data} if data is not None else {})
    return write_project(directory, content, copies)


def _names(data: Path, target: str | None, count: int) -> list[str]:
    """The columns of ``data`` for a tensor's, which have no names: all but the target, in order."""
    names = preview(data).names
    if target not in names:
        raise UsageError(
            f"--target: expected a column of {data.name}, as the model's tensor names none, got "
            f"{'none' if target is None else repr(target)}",
            f"name the column with the true labels: {', '.join(names[:20])}",
        )
    columns = [name for name in names if name != target]
    if len(columns) != count:
        raise UsageError(
            f"--data {data}: expected {count} columns beside {target}, for the model's tensor of "
            f"shape [-1, {count}], got {len(columns)}",
            "give a table with the model's columns in their order, and the target",
        )
    return columns


def _literal(value: dict[str, str] | list[str]) -> str:
    """Names, or names and texts, as Python."""
    return escape_in_literal(json.dumps(value, indent=4, ensure_ascii=False))


def _allow_line(allowed: list[str]) -> str:
    """The key for globals of the model's own modules; empty if its pickles name none."""
    names = ", ".join(map(quoted, allowed))
    return f"pickle_allow = [{names}]  # of the modules in the model's folder\n" if names else ""


def _task(model: Path, saved: MlflowModel) -> Task:
    """The task, by the type of the predictions, else by class names in the model file."""
    if saved.answers in ("string", "str", "object", "boolean", "bool"):
        return "classification"
    return task_of(_first_bytes(model, saved))


def _requirements(model: Path, saved: MlflowModel) -> str:
    """The requirements that MLflow recorded; MLflow itself only if loading needs it."""
    lines = [line for line in _recorded(model) if line]
    named = [line for line in lines if re.match(MLFLOW, line)]
    requirements = [line for line in lines if line not in named]
    if not any(re.match(r"pandas\b", line) for line in requirements):
        requirements.append("pandas")
    # Modules of the model may import MLflow, too.
    if saved.reader == "pyfunc" or (saved.code and named):
        requirements.append(f"mlflow-skinny=={saved.version}" if saved.version else "mlflow-skinny")
    return "".join(f"{line}\n" for line in requirements)


def _recorded(model: Path) -> list[str]:
    """The lines of ``requirements.txt``, or without one the pip lines of ``conda.yaml``."""
    file, conda = model / "requirements.txt", model / "conda.yaml"
    if file.is_file():
        return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    if not conda.is_file():
        raise PackageError(
            f"{file}: expected the requirements MLflow recorded, got neither it nor {conda.name}",
            "save the model again, or write the file",
        )
    lines: list[str] = []
    for entry in (small_yaml(conda) or {}).get("dependencies", []):
        if isinstance(entry, dict):
            lines += [str(line).strip() for line in entry.get("pip", [])]
        elif not re.match(r"(python|pip)\b", str(entry)):
            raise UsageError(
                f"{conda}: expected dependencies from pip alone, got {entry} from conda",
                f"write {file.name} next to it, with what pip calls these packages",
            )
    return lines


def _first_bytes(model: Path, saved: MlflowModel) -> bytes:
    """Bytes of the model's file, which show whether it is a classifier or a regressor."""
    name = saved.file or MLMODEL
    path = model / name
    if not path.is_file():
        raise UsageError(f"{path}: no such file, though {MLMODEL} names it", "copy it too")
    return path.read_bytes()
