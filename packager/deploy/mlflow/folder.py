"""Writes a package as an MLflow model: `mlflow models serve` and `mlflow.pyfunc` load it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelhost.array_input import ARRAY
from modelhost.columns import ColumnSpec
from modelhost.text import class_text
from packager.cache import atomic_directory, check_writable, temporary_directory
from packager.deploy.mlflow.signature import PROBABILITIES, inputs, outputs
from packager.errors import UsageError
from packager.image.golden import FILE as EXAMPLES
from packager.image.reference import Reference
from packager.image.runtime import HOST, INSTALLED_AT
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Lock, Manifest
from packager.project.mlflow.record import FILE as ORIGIN
from packager.project.mlflow.record import ModelOrigin
from packager.tar_reader import unpack_plain

LOADER = "package_pyfunc"
TEMPLATE = Path(__file__).parent / f"{LOADER}.py.txt"
MODELHOST = "modelhost"
MLFLOW = "mlflow>=2.20,<4"
"""The versions that read this folder: the first one has the type ``any`` of columns."""
PARTS = ("runtime", "code", "model", "package")
"""The layers with what the folder holds."""


def check_exportable(manifest: Manifest) -> None:
    """Raise ``UsageError`` for a package that one process of MLflow can't answer for."""
    if manifest.solution is not None:
        members = ", ".join(member.name for member in manifest.solution.members)
        raise UsageError(
            f"{manifest.name}: expected a package of one model, got a solution of {members}",
            "its members have environments of their own, and MLflow has one: export each member's "
            "package, or serve the solution itself",
        )
    if manifest.task == "outputs":
        named = ", ".join(output.name for output in manifest.schema_.outputs)
        raise UsageError(
            f"{manifest.name}: expected one label or number a row, got the outputs {named}",
            "MLflow's signature has no such answers: serve the package itself",
        )
    if manifest.serve.features == ARRAY:
        raise UsageError(
            f'{manifest.name}: expected features = "frame", got "array"',
            "MLflow's tables have no such column: serve the package itself",
        )
    inputs(manifest)


def check_free(folder: Path) -> None:
    """Raise ``UsageError`` if ``folder`` is neither absent nor empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"--mlflow {folder}: expected a new or an empty folder, got one with files"
            if folder.is_dir()
            else f"--mlflow {folder}: expected a folder, got a file",
            "name another folder, or remove this one",
        )
    check_writable(folder.absolute())


def write_mlflow(reference: Reference, folder: Path) -> list[str]:
    """Write the package below ``folder``, all of it or nothing; return the files' names.

    The same package gives the same bytes. Raises ``UsageError`` for a package that MLflow can't
    express, and if the folder has files.
    """
    manifest = reference.manifest
    check_exportable(manifest)
    check_free(folder)
    layers = [one for one in reference.image(base=False).layers if one.name in PARTS]
    with temporary_directory() as unpacked:
        for layer in layers:
            with layer.members() as members:
                unpack_plain(members, unpacked, inside=True)
        with atomic_directory(folder, replace=True) as new:
            _copy(unpacked, new)
            for name, text in _texts(reference, unpacked).items():
                (new / name).write_text(text, encoding="utf-8")
            return sorted(
                path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()
            )


def _copy(unpacked: Path, new: Path) -> None:
    """The code and the model of the project, and the package's own modules that load it."""
    data, code = new / "data", new / "code"
    host = unpacked / INSTALLED_AT / HOST / MODELHOST
    shutil.copytree(host, code / MODELHOST, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(TEMPLATE, code / f"{LOADER}.py")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("code", "models"):
        if (unpacked / name).is_dir():
            shutil.copytree(unpacked / name, data / name, symlinks=True, ignore=ignored)
    (data / "code").mkdir(exist_ok=True)


def _texts(reference: Reference, unpacked: Path) -> dict[str, str]:
    """Name → content of the files that describe the model."""
    import yaml

    manifest, lock = reference.manifest, reference.lock()
    required = requirements(lock)
    rows = _example(unpacked, manifest)
    origin = reference.record(ModelOrigin, ORIGIN)
    columns = inputs(manifest, origin.columns if origin else {})
    python = {"python": lock.python, "build_dependencies": ["pip", "setuptools", "wheel"]}
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={lock.python}", "pip", {"pip": required}],
    }
    texts = {
        "MLmodel": yaml.safe_dump(_mlmodel(manifest, lock, columns, example=rows is not None)),
        "conda.yaml": yaml.safe_dump(conda),
        "python_env.yaml": yaml.safe_dump({**python, "dependencies": ["-r requirements.txt"]}),
        "requirements.txt": "".join(f"{line}\n" for line in required),
        "data/package.json": _json(_loader_settings(manifest)),
    }
    if rows is not None:
        texts["input_example.json"] = _json(rows)
        texts["serving_input_example.json"] = _json({"dataframe_split": rows})
    return texts


def requirements(lock: Lock) -> list[str]:
    """The wheels of the model's environment by name and version, and MLflow."""
    pinned = [f"{one.name}=={one.version}" for one in lock.wheels_of("model")]
    return [MLFLOW, *sorted(pinned)]


def _mlmodel(
    manifest: Manifest, lock: Lock, columns: list[dict[str, Any]], *, example: bool
) -> dict[str, Any]:
    flavor = {
        "loader_module": LOADER,
        "code": "code",
        "data": "data",
        "python_version": lock.python,
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }
    signature: dict[str, str | None] = {
        "inputs": json.dumps(columns),
        "outputs": json.dumps(outputs(manifest)),
    }
    signature["params"] = json.dumps([PROBABILITIES]) if manifest.schema_.classes else None
    fields = {
        "flavors": {"python_function": flavor},
        "signature": signature,
        # Not of the clock: the same package is the same model.
        "model_uuid": manifest.root[:32],
        "metadata": {"package": f"{manifest.name}:{manifest.tag}", "package_root": manifest.root},
    }
    info = {
        "artifact_path": "input_example.json",
        "serving_input_path": "serving_input_example.json",
        "pandas_orient": "split",
        "type": "dataframe",
    }
    return {**fields, **({"saved_input_example_info": info} if example else {})}


def _loader_settings(manifest: Manifest) -> dict[str, Any]:
    """The settings of the loader, from the manifest."""
    features, serve = manifest.schema_.features, manifest.serve
    return {
        "predictor": serve.predictor,
        "loader": serve.loader,
        "task": manifest.task,
        "classes": serve.classes,
        "pickle_allow": serve.pickle_allow,
        "columns": [ColumnSpec.of(feature).as_json() for feature in features],
        "defaults": {
            feature.name: feature.default for feature in features if feature.default is not None
        },
        "labels": [class_text(label) for label in manifest.schema_.classes or ()],
    }


def _example(unpacked: Path, manifest: Manifest) -> Mapping[str, Any] | None:
    """The package's examples as a table; None if it has none."""
    file = unpacked / "package" / EXAMPLES
    rows: Sequence[Mapping[str, Any]] = Golden.load(file).rows if file.is_file() else ()
    names = [column.name for column in manifest.schema_.features]
    data = [[row.get(name) for name in names] for row in rows]
    return {"columns": names, "data": data} if data else None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n"
