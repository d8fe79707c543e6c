"""``package init --from-mlflow``: makes a project from an MLflow model folder.

The folder is copied into the project unchanged. A scikit-learn model is loaded natively, without
MLflow; any other flavour through ``mlflow.pyfunc``, with the small ``mlflow-skinny``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packager.confinement import refuse_strange, small_text
from packager.errors import PackageError, UsageError
from packager.manifest.base import Task
from packager.project.config import FILENAME
from packager.project.measured_data import measured_section
from packager.project.scaffold import (
    fill,
    package_name,
    quoted,
    task_of,
    torch_line,
    write_project,
)
from packager.text import escape_in_literal

MLMODEL = "MLmodel"
DTYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "object",
    "datetime": "datetime64[ns]",
}
"""Type in an MLflow signature → dtype that MLflow passes to the model."""
MLFLOW = r"mlflow(-skinny)?(\[.*\])?(?![\w-])"
FORMATS = ("pickle", "cloudpickle", "skops")
MAX_ALIASES = 20
"""Aliases of a YAML file; nested aliases can expand to exponentially many values."""
ALIAS = re.compile(r"(?:^|[\s\[,{:?-])\*[^\s\],}]", re.MULTILINE)


@dataclass(frozen=True)
class MlflowModel:
    """Content of an ``MLmodel`` file."""

    reader: Literal["pickle", "skops", "pyfunc"]
    file: str
    """The model's file inside the folder; empty for ``pyfunc``."""
    columns: dict[str, str]
    """Input column → dtype."""
    answers: str
    """Type of the predictions in the signature; empty if not given."""
    code: str
    """Subfolder of modules that the model needs; empty if there is none."""
    version: str
    """Version of MLflow."""


def init_from_mlflow(
    directory: Path, model: Path, data: Path | None = None, target: str | None = None
) -> list[str]:
    """Write a project around the MLflow model folder ``model``; return the files written.

    With ``data`` the build fingerprints and profiles it, and measures the model on it. Raises
    ``UsageError`` if ``model`` is no such folder, if its signature names no columns, or if the
    data lacks one of them.
    """
    refuse_strange(model)
    saved = _read(model)
    section, task = "", _task(model, saved)
    if data is not None:
        section, task = measured_section(data, target, list(saved.columns), task)
    elif target is not None:
        raise UsageError("--target: expected --data with it, got none", "add --data FILE")
    values = {
        "reader": quoted(saved.reader),
        "file": quoted(saved.file),
        "code": quoted(saved.code),
        "columns": escape_in_literal(json.dumps(saved.columns, indent=4, ensure_ascii=False)),
    }
    toml = {"name": package_name(directory), "task": task, "data": section, "classes": ""}
    required = _requirements(model, saved)
    toml |= {"model": quoted("model"), "torch": torch_line(required)}
    text = fill("pretrained.toml", toml)
    content = {
        FILENAME: text + 'predictor = "predict:Predictor"\n',
        "predict.py": fill("mlflow_predict.py.txt", values),
        "requirements.txt": required,
    }
    copies = {"model": model} | ({f"data/{data.name}": data} if data is not None else {})
    return write_project(directory, content, copies)


def _read(model: Path) -> MlflowModel:
    import yaml

    file = model / MLMODEL
    if not file.is_file():
        raise UsageError(
            f"--from-mlflow {model}: expected a folder with the file {MLMODEL}, got none there",
            "name the folder that mlflow.<flavour>.save_model wrote, or an artifact of a run",
        )
    try:
        content = _small_yaml(file)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{file}: expected YAML, got {error}", "save the model again") from error
    if not isinstance(content, dict) or "flavors" not in content:
        raise UsageError(f"{file}: expected `flavors`, got none", "save the model again")
    reader, name = _reader(content["flavors"], file)
    general = content["flavors"]["python_function"]
    return MlflowModel(
        reader,
        name,
        _columns(content, file),
        # Not checked for native models: they return labels even if MLflow returns probabilities.
        "" if reader != "pyfunc" else _answers(content, file),
        code=str(general.get("code") or ""),
        version=str(content.get("mlflow_version", "")),
    )


def _reader(
    flavors: Mapping[str, Any], file: Path
) -> tuple[Literal["pickle", "skops", "pyfunc"], str]:
    sklearn = flavors.get("sklearn")
    general = flavors.get("python_function")
    if general is None:
        raise UsageError(
            f"{file}: expected the flavor python_function, got {', '.join(sorted(flavors))}",
            "only models that MLflow can call as a Python function can be served",
        )
    wanted = general.get("predict_fn", "predict")
    if sklearn is None or wanted not in ("predict", "predict_proba"):
        return "pyfunc", ""
    saved_as = sklearn.get("serialization_format", "pickle")
    if saved_as not in FORMATS:
        raise UsageError(
            f"{file}: expected the serialization_format {', '.join(FORMATS)}, got {saved_as!r}",
            "save the model again in one of these",
        )
    return "skops" if saved_as == "skops" else "pickle", str(sklearn["pickled_model"])


def _columns(content: Mapping[str, Any], file: Path) -> dict[str, str]:
    signature = content.get("signature") or {}
    inputs = json.loads(signature.get("inputs") or "[]")
    if not inputs or any("name" not in column for column in inputs):
        raise UsageError(
            f"{file}: expected a signature that names the input columns, got "
            f"{'one without names' if inputs else 'none'}",
            "save the model with signature=infer_signature(frame, answers), of a DataFrame",
        )
    columns = {}
    for column in inputs:
        kind = column["type"] if isinstance(column["type"], str) else "nested"
        if kind not in DTYPES:
            raise UsageError(
                f"{file}: column {column['name']!r}: expected {', '.join(DTYPES)}, got {kind}",
                "a request holds numbers, text, booleans and timestamps",
            )
        columns[str(column["name"])] = DTYPES[kind]
    return columns


def _answers(content: Mapping[str, Any], file: Path) -> str:
    """Type of the prediction per row, from a column or a one-dimensional tensor.

    Raises ``UsageError`` for several values per row.
    """
    signature = content.get("signature") or {}
    outputs = json.loads(signature.get("outputs") or "[]")
    shape = outputs[0].get("tensor-spec", {}).get("shape", [-1]) if outputs else [-1]
    width = 1
    for size in shape[1:]:
        width *= int(size)
    if len(outputs) > 1 or width != 1:
        names = [str(column.get("name", "")) for column in outputs]
        got = (
            f"{len(outputs)} columns ({', '.join(names)})" if len(names) > 1 else f"{width} values"
        )
        raise UsageError(
            f"{file}: expected a signature with one prediction a row, got {got}",
            "save a model whose predict gives one label or number a row",
        )
    if not outputs:
        return ""
    kind = outputs[0].get("tensor-spec", {}).get("dtype", outputs[0]["type"])
    return kind if isinstance(kind, str) else "nested"


def _task(model: Path, saved: MlflowModel) -> Task:
    """The task, by the type of the predictions, else by class names in the model file."""
    if saved.answers in ("string", "str", "object", "boolean", "bool"):
        return "classification"
    return task_of(_first_bytes(model, saved))


def _requirements(model: Path, saved: MlflowModel) -> str:
    """The requirements that MLflow recorded; MLflow itself only if loading needs it."""
    lines = [line for line in _recorded(model) if line]
    asked = [line for line in lines if re.match(MLFLOW, line)]
    kept = [line for line in lines if line not in asked]
    if not any(re.match(r"pandas\b", line) for line in kept):
        kept.append("pandas")
    # Modules of the model may import MLflow, too.
    if saved.reader == "pyfunc" or (saved.code and asked):
        kept.append(f"mlflow-skinny=={saved.version}" if saved.version else "mlflow-skinny")
    return "".join(f"{line}\n" for line in kept)


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
    found: list[str] = []
    for entry in (_small_yaml(conda) or {}).get("dependencies", []):
        if isinstance(entry, dict):
            found += [str(line).strip() for line in entry.get("pip", [])]
        elif not re.match(r"(python|pip)\b", str(entry)):
            raise UsageError(
                f"{conda}: expected dependencies from pip alone, got {entry} from conda",
                f"write {file.name} next to it, with what pip calls these packages",
            )
    return found


def _first_bytes(model: Path, saved: MlflowModel) -> bytes:
    """Bytes of the model's file, which show whether it is a classifier or a regressor."""
    name = saved.file or MLMODEL
    path = model / name
    if not path.is_file():
        raise UsageError(f"{path}: no such file, though {MLMODEL} names it", "copy it too")
    return path.read_bytes()


def _small_yaml(file: Path) -> Any:
    """The content of a YAML file; raises ``UsageError`` for a large file or many aliases."""
    import yaml

    text = small_text(file, file.name)
    aliases = len(ALIAS.findall(text))
    if aliases > MAX_ALIASES:
        raise UsageError(
            f"{file}: expected at most {MAX_ALIASES} aliases, got {aliases}",
            "write the values out",
        )
    return yaml.safe_load(text)
