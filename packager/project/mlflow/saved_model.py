"""Reads the folder of a model that MLflow saved: its ``MLmodel`` and the files that it names.

Nothing of the model is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from packager.errors import UsageError
from packager.project.small_yaml import small_yaml

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
TENSOR_TYPES = {
    "bool": "boolean",
    "int32": "integer",
    "int64": "long",
    "float32": "float",
    "float64": "double",
}
"""dtype of a tensor → the type of a column of its numbers."""
MAX_WIDTH = 1_000
"""Numbers of a row of a tensor."""
FORMATS = ("pickle", "cloudpickle", "skops")
REFUSED = {
    "spark": "needs Java and Spark, which no image of a package has",
    "h2o": "needs Java, which no image of a package has",
    "johnsnowlabs": "needs Java, Spark and a licence, which no image of a package has",
    "openai": "asks a service of others for each answer: there is no model to package",
}
OTHER_FORM = "convert the model, for example to ONNX, and write --from-model FILE"


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
    types: dict[str, str] = field(default_factory=dict)
    """Input column → type in the signature."""
    flavors: tuple[str, ...] = ()
    """Beside ``python_function``."""
    example: str | None = None
    """The file with rows of an input example, in pandas' form ``split``."""
    run: str | None = None
    model_id: str | None = None
    optional: tuple[str, ...] = ()
    """Input columns that the signature says are not required."""
    tensor: str = ""
    """If the input is a tensor without a name, shape (rows, columns): its dtype."""

    def with_names(self, names: Sequence[str]) -> MlflowModel:
        """The same with other names of its columns."""
        columns = dict(zip(names, self.columns.values(), strict=True))
        return replace(
            self, columns=columns, types=dict(zip(names, self.types.values(), strict=True))
        )


def read_model(model: Path) -> MlflowModel:
    """The model in the folder ``model``; raises ``UsageError`` for one that can't be served."""
    file = model / MLMODEL
    if not file.is_file():
        raise UsageError(
            f"--from-mlflow {model}: expected a folder with the file {MLMODEL}, got none there",
            "name the folder that mlflow.<flavour>.save_model wrote, or an artifact of a run",
        )
    content = small_yaml(file)
    if not isinstance(content, dict) or "flavors" not in content:
        raise UsageError(f"{file}: expected `flavors`, got none", "save the model again")
    reader, name = _reader(content["flavors"], file)
    general = content["flavors"]["python_function"]
    types, tensor = _types(content, file), _tensor(_inputs(content))
    return MlflowModel(
        reader,
        name,
        {column: DTYPES[kind] for column, kind in types.items()},
        # Not checked for native models: they return labels even if MLflow returns probabilities.
        "" if reader != "pyfunc" else _answers(content, file),
        code=str(general.get("code") or ""),
        version=str(content.get("mlflow_version", "")),
        types=types,
        flavors=tuple(sorted(content["flavors"].keys() - {"python_function"})),
        example=None if tensor else _example(content),
        run=str(content["run_id"]) if content.get("run_id") else None,
        model_id=str(content["model_id"]) if content.get("model_id") else None,
        optional=tuple(
            str(input_["name"])
            for input_ in _inputs(content)
            if input_.get("required", True) is False
        ),
        tensor=tensor,
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
    for name, reason in REFUSED.items():
        if name in flavors:
            raise UsageError(f"{file}: the flavor {name} {reason}", OTHER_FORM)
    function = general.get("predict_fn", "predict")
    if sklearn is None or function not in ("predict", "predict_proba"):
        return "pyfunc", ""
    saved_as = sklearn.get("serialization_format", "pickle")
    if saved_as not in FORMATS:
        raise UsageError(
            f"{file}: expected the serialization_format {', '.join(FORMATS)}, got {saved_as!r}",
            "save the model again in one of these",
        )
    return "skops" if saved_as == "skops" else "pickle", str(sklearn["pickled_model"])


def _inputs(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The inputs of the signature, as MLflow describes them; empty without one."""
    inputs: list[dict[str, Any]] = json.loads(
        (content.get("signature") or {}).get("inputs") or "[]"
    )
    return inputs


def _tensor(inputs: Sequence[Mapping[str, Any]]) -> str:
    """The dtype of the only input, if that is a tensor without a name; else empty."""
    if len(inputs) != 1 or "tensor-spec" not in inputs[0] or "name" in inputs[0]:
        return ""
    return str(inputs[0]["tensor-spec"].get("dtype"))


def _tensor_types(spec: Mapping[str, Any], file: Path) -> dict[str, str]:
    """The columns ``x0``, ``x1``, … of a tensor of shape (rows, columns)."""
    dtype, shape = str(spec.get("dtype")), list(spec.get("shape", ()))
    if dtype not in TENSOR_TYPES or len(shape) != 2 or not 0 < int(shape[1]) <= MAX_WIDTH:
        raise UsageError(
            f"{file}: expected columns, or a tensor of {', '.join(TENSOR_TYPES)} of shape [-1, N] "
            f"with N up to {MAX_WIDTH:,}, got {dtype} of {shape}",
            "save the model in its own format, and write --from-model FILE: docs/model-formats.md",
        )
    return {f"x{place}": TENSOR_TYPES[dtype] for place in range(int(shape[1]))}


def _types(content: Mapping[str, Any], file: Path) -> dict[str, str]:
    inputs = _inputs(content)
    if _tensor(inputs):
        return _tensor_types(inputs[0]["tensor-spec"], file)
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
        columns[str(column["name"])] = kind
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


def _example(content: Mapping[str, Any]) -> str | None:
    """The name of the input example's file, if it is a table."""
    info = content.get("saved_input_example_info") or {}
    table = info.get("type") == "dataframe" and info.get("pandas_orient", "split") == "split"
    return str(info["artifact_path"]) if table and info.get("artifact_path") else None
