"""The origin of a model that MLflow saved: its record, beside the measurements of a build.

``package init --from-mlflow`` writes the record into the project, and a build copies it into the
package. Its metrics are claims of the run: no figure of the package is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from packager.confinement import small_text
from packager.digest import Files, HashedFile, tree_digest
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.manifest import Schema
from packager.project.config import Project
from packager.project.mlflow.input_example import example_rows
from packager.project.mlflow.record import PROJECT_FILE, ModelOrigin
from packager.project.mlflow.saved_model import MlflowModel
from packager.project.mlflow.tracked_model import TrackedModel
from packager.project.secrets import secret_written

KINDS: Mapping[str, tuple[Kind, ...]] = {
    "boolean": ("boolean",),
    "integer": ("integer",),
    "long": ("integer",),
    "float": ("number", "integer"),
    "double": ("number", "integer"),
    "string": ("string",),
    "datetime": ("datetime", "date"),
}
"""Type in a signature → kinds of a column that MLflow would take as it."""


def read_origin(
    model: Path,
    saved: MlflowModel,
    tracked: TrackedModel | None = None,
    address: str | None = None,
    server: str | None = None,
) -> ModelOrigin:
    """The record of the model in the folder ``model``; ``tracked`` is what its server states."""
    tracked_model = tracked or TrackedModel((), run=saved.run, model_id=saved.model_id)
    facts = {
        "address": address,
        "server": server,
        **{
            name: getattr(tracked_model, name)
            for name in ("name", "version", "run", "run_name", "model_id", "program", "commit")
        },
    }
    secrets = [name for name, value in facts.items() if value and _is_secret(name, value)]
    params, of_params = _without_secrets(tracked_model.params)
    tags, of_tags = _without_secrets(tracked_model.tags)
    files = list(_hashed(model))
    return ModelOrigin(
        **{name: None if name in secrets else value for name, value in facts.items()},
        aliases=tracked_model.aliases,
        metrics=dict(tracked_model.metrics),
        params=params,
        tags=tags,
        left_out=tuple(sorted({*secrets, *of_params, *of_tags})),
        flavors=saved.flavors,
        mlflow=saved.version,
        columns=saved.types,
        optional=saved.optional,
        sha256=tree_digest((name, file.sha256) for name, file in files),
        files=len(files),
        size=sum(file.size for _, file in files),
        examples=example_rows(model, saved),
    )


def load_origin(project: Project) -> ModelOrigin | None:
    """The record that ``[model] origin`` names; raises ``PackageError`` if it is none."""
    if project.model is None or project.model.origin is None:
        return None
    file = project.path(project.model.origin)
    small_text(file, project.model.origin)
    return ModelOrigin.load(file)


def check_files(origin: ModelOrigin | None, model: Files) -> None:
    """Raise ``UsageError`` unless a project's model files are those of the record, if any."""
    digest = tree_digest(
        (PurePosixPath(name).relative_to("model").as_posix(), file.sha256)
        for name, file in model.items()
    )
    if origin is not None and digest != origin.sha256:
        raise UsageError(
            f"`model.path`: expected the files of {origin.called} with sha256 "
            f"{origin.sha256[:12]}, as its record states, got {digest[:12]}",
            "take the model again with `package init --from-mlflow`, or remove `model.origin`",
        )


def check_signature(origin: ModelOrigin, schema: Schema) -> None:
    """Raise ``UsageError`` for a feature that differs from the signature, in name or kind.

    A kind that the build could not know, of a package without data, differs from none.
    """
    kinds = {column.name: column.kind for column in schema.features}
    for name, expected in origin.columns.items():
        kind = kinds.get(name)
        if kind is None and name in origin.optional:
            continue
        if kind is None:
            raise _differs(origin, name, expected, "no such feature")
        if kind != "any" and kind not in KINDS.get(expected, ()):
            raise _differs(origin, name, expected, f"{kind} in the data")
    for name in kinds:
        if name not in origin.columns:
            raise _differs(origin, name, "no such column", "it as a feature")


def _differs(origin: ModelOrigin, column: str, expected: str, got: str) -> UsageError:
    return UsageError(
        f"column {column!r}: expected {expected} by the signature of {origin.called}, got {got}",
        "correct [data], or save the model with the signature of the rows that it gets",
    )


def _hashed(model: Path) -> Iterable[tuple[str, HashedFile]]:
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        yield path.relative_to(model).as_posix(), HashedFile.of(path)


def _without_secrets(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The texts that are no credentials, and the names of the others."""
    secrets = [name for name, value in texts.items() if _is_secret(name, value)]
    return {name: value for name, value in texts.items() if name not in secrets}, secrets


def _is_secret(name: str, value: str) -> bool:
    return secret_written(PROJECT_FILE, f"{name} = {value!r}\n".encode()) is not None
