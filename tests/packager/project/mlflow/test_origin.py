from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packager.digest import hash_files
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.manifest import Column, Schema
from packager.project.mlflow.origin import (
    check_files,
    check_signature,
    read_origin,
)
from packager.project.mlflow.record import ModelOrigin
from packager.project.mlflow.saved_model import read_model
from packager.project.mlflow.tracked_model import TrackedModel

SAVED = Path(__file__).parents[1] / "mlflow_model"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shutil.copytree(SAVED, tmp_path / "model")
    return tmp_path / "model"


def origin(model: Path, tracked: TrackedModel | None = None) -> ModelOrigin:
    return read_origin(model, read_model(model), tracked)


def schema(**kinds: Kind) -> Schema:
    columns = [
        Column(name=name, kind=kind, dtype="object", nullable=False) for name, kind in kinds.items()
    ]
    return Schema(features=tuple(columns))


RIGHT: dict[str, Kind] = {
    "size": "number",
    "count": "integer",
    "colour": "string",
    "new": "boolean",
}


def test_a_folder_has_signature_example_and_digest(model: Path) -> None:
    found = origin(model)
    assert found.columns == {
        "size": "double",
        "count": "long",
        "colour": "string",
        "new": "boolean",
    }
    assert found.flavors == ("sklearn",)
    assert (found.called, found.metrics) == ("a folder that MLflow saved", {})
    assert found.examples[0] == {
        "size": 0.1257302210933933,
        "count": 5,
        "colour": "red",
        "new": True,
    }
    assert found.files == len([path for path in model.rglob("*") if path.is_file()])


def test_values_that_look_like_credentials_are_left_out_by_name(model: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    tracked = TrackedModel(
        (),
        name="churn",
        version="2",
        run="fd8dc4aa05584786adbf47238138b271",
        commit="0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        params={"C": "1.0", "api": secret},
        tags={"token": secret, "team": "risk"},
        metrics={"auc": 0.9},
    )
    found = origin(model, tracked)
    assert (found.params, found.tags) == ({"C": "1.0"}, {"team": "risk"})
    assert found.left_out == ("api", "token")
    assert secret not in found.model_dump_json()
    assert (found.run, found.commit) == (tracked.run, tracked.commit)
    assert found.called == "churn version 2"


def test_changed_files_are_named(model: Path) -> None:
    found = origin(model)
    paths = {f"model/{p.relative_to(model).as_posix()}": p for p in model.rglob("*") if p.is_file()}
    check_files(found, hash_files(paths))
    check_files(None, hash_files(paths))
    (model / "model.pkl").write_bytes(b"other")
    with pytest.raises(UsageError, match=r"`model.path`: expected the files of a folder"):
        check_files(found, hash_files(paths))


def test_a_schema_that_fits_the_signature_is_taken(model: Path) -> None:
    check_signature(origin(model), schema(**RIGHT))
    check_signature(origin(model), schema(**{**RIGHT, "size": "integer"}))
    check_signature(origin(model), schema(**dict.fromkeys(RIGHT, "any")))
    optional = origin(model).model_copy(update={"optional": ("new",)})
    check_signature(optional, schema(size="number", count="integer", colour="string"))


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({**RIGHT, "count": "number"}, "column 'count': expected long .* got number in the data"),
        ({**RIGHT, "colour": "integer"}, "column 'colour': expected string .* got integer"),
        ({**RIGHT, "more": "number"}, "column 'more': expected no such column .* it as a feature"),
        ({"size": "number"}, "column 'count': expected long .* got no such feature"),
    ],
)
def test_a_schema_that_differs_is_named(model: Path, kinds: dict[str, Kind], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check_signature(origin(model), schema(**kinds))
    assert caught.value.hint
