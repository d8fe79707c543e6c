"""``package init --from-model`` for files of other libraries."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from tiny_models import LABELS, NUMBERS, ROWS, lightgbm_booster, xgboost_booster

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.from_model import init_from_model
from packager.project.model_loader import model_loader


def table(folder: Path, target: object) -> Path:
    ROWS.assign(y=target).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def test_a_booster_becomes_a_project(tmp_path: Path) -> None:
    lightgbm_booster().save_model(tmp_path / "m.txt")
    data = table(tmp_path, LABELS.map({0: "no", 1: "yes"}))
    init_from_model(tmp_path / "p", tmp_path / "m.txt", data, ["y"])
    project = load_project(tmp_path / "p")
    assert model_loader(project) == "format:lightgbm"
    assert project.package.task == "classification"
    assert project.serve.classes == ("no", "yes")
    assert (tmp_path / "p/requirements.txt").read_text() == "lightgbm\npandas\n"


@pytest.mark.parametrize(("target", "task"), [(LABELS, "classification"), (NUMBERS, "regression")])
def test_numbered_classes_need_no_line(tmp_path: Path, target: pd.Series, task: str) -> None:
    objective = "binary:logistic" if task == "classification" else "reg:squarederror"
    xgboost_booster(objective, target).save_model(tmp_path / "m.ubj")
    init_from_model(tmp_path / "p", tmp_path / "m.ubj", table(tmp_path, target), ["y"])
    project = load_project(tmp_path / "p")
    assert (project.package.task, project.serve.classes) == (task, None)


def test_a_renamed_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    lightgbm_booster().save_model(tmp_path / "m.cbm")
    with pytest.raises(UsageError, match=r"m\.cbm: expected a CatBoost model, as \.cbm says"):
        init_from_model(tmp_path / "p", tmp_path / "m.cbm", None)
    assert not (tmp_path / "p").exists()


def test_json_of_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"a": 1}')
    with pytest.raises(UsageError, match=r"m\.json: expected a"):
        init_from_model(tmp_path / "p", tmp_path / "m.json", None)


def test_a_torchscript_archive_takes_pytorch_without_cuda(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version", "code/__torch__.py"):
            archive.writestr(f"m/{name}", b"3")
    init_from_model(tmp_path / "p", tmp_path / "m.pt", None)
    assert load_project(tmp_path / "p").requirements.torch == "cpu"
    lightgbm_booster().save_model(tmp_path / "m.txt")
    init_from_model(tmp_path / "q", tmp_path / "m.txt", None)
    assert load_project(tmp_path / "q").requirements.torch is None


def test_several_targets_become_outputs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt2", "w") as archive:
        for name in ("archive_format", "models/model.json"):
            archive.writestr(f"m/{name}", b"pt2")
    data = table(tmp_path, LABELS.map({0: "no", 1: "yes"}))
    init_from_model(tmp_path / "p", tmp_path / "m.pt2", data, ["y", "a"])
    project = load_project(tmp_path / "p")
    assert project.package.task is None
    label, number = project.outputs.values()
    assert (label.kind, label.classes, label.target) == ("label", ("no", "yes"), "y")
    assert (number.kind, number.target) == ("number", "a")
    assert project.serve.classes is None
    with pytest.raises(UsageError, match=r"a column of rows\.csv, got 'gone'"):
        init_from_model(tmp_path / "q", tmp_path / "m.pt2", data, ["y", "gone"])


def folder_of(path: Path, name: str, content: dict[str, object]) -> Path:
    path.mkdir()
    (path / name).write_text(json.dumps(content))
    return path


def test_a_token_model_gets_spans_of_its_target(tmp_path: Path) -> None:
    config = {"model_type": "bert", "architectures": ["BertForTokenClassification"]}
    model = folder_of(tmp_path / "ner", "config.json", config)
    pd.DataFrame({"text": ["Ann in Rome"], "names": ['[[0, 3, "PER"]]']}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    init_from_model(tmp_path / "p", model, tmp_path / "rows.csv", ["names"])
    project = load_project(tmp_path / "p")
    (output,) = project.outputs.values()
    assert project.package.task is None
    assert (output.kind, output.target, output.spans) == ("json", "names", True)
    assert project.requirements.torch == "cpu"


def test_without_data_the_output_has_no_target(tmp_path: Path) -> None:
    meta = {"lang": "en", "pipeline": ["tok2vec", "textcat_multilabel"]}
    model = folder_of(tmp_path / "tags", "meta.json", meta)
    init_from_model(tmp_path / "p", model, None)
    (output,) = load_project(tmp_path / "p").declared_outputs
    assert (output.name, output.kind, output.target) == ("labels", "labels", ())


def test_a_cluster_has_no_target(tmp_path: Path) -> None:
    from sklearn.cluster import KMeans

    model = KMeans(2, n_init=1, random_state=0).fit(ROWS)
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
    data = table(tmp_path, LABELS)
    init_from_model(tmp_path / "p", tmp_path / "m.pkl", data)
    (output,) = load_project(tmp_path / "p").declared_outputs
    assert (output.kind, output.target) == ("label", ())
    with pytest.raises(UsageError, match="--target: expected none for a model of kind label with"):
        init_from_model(tmp_path / "q", tmp_path / "m.pkl", data, ["y"])
    assert not (tmp_path / "q").exists()
