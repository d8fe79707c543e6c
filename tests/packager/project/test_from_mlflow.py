"""A folder written by MLflow 3.17 (tests/packager/mlflow_model), and MLflow's answers with it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, package

from packager.errors import PackageError, UsageError
from packager.project.config import load_project
from packager.project.from_mlflow import init_from_mlflow
from packager.project.validate import check_columns

SAVED = Path(__file__).parent / "mlflow_model"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    shutil.copytree(SAVED, folder)
    return folder


@pytest.mark.long
@pytest.mark.network
def test_the_package_answers_as_mlflow_does(saved: Path, tmp_path: Path) -> None:
    project, image = tmp_path / "project", tmp_path / "image"
    done = package("init", project, "--from-mlflow", saved)
    assert done.code == 0, done.err
    built = package("build", project, "--output", f"oci:{image}", env=NO_ENGINE)
    assert built.code == 0, built.err
    asked = ("predict", image, "--data", saved / "asked.csv", "--format", "csv", "--local")
    answered = package(*asked, "--output", tmp_path / "answers.csv", env=NO_ENGINE)
    assert answered.code == 0, answered.err
    found = pd.read_csv(tmp_path / "answers.csv")
    assert list(found["prediction"]) == list(pd.read_csv(saved / "answers.csv")["prediction"])
    assert set(found["prediction"]) == {"big", "small"}
    assert "probability big" in found


def test_the_project_needs_no_mlflow_for_a_scikit_learn_model(saved: Path, tmp_path: Path) -> None:
    init_from_mlflow(tmp_path / "project", saved)
    lines = (tmp_path / "project/requirements.txt").read_text().splitlines()
    assert lines == ["cloudpickle==3.1.2", "pandas==3.1.1", "scikit-learn==1.9.1"]
    assert (tmp_path / "project/model/MLmodel").is_file()


def test_another_flavour_is_read_through_mlflow_itself(saved: Path, tmp_path: Path) -> None:
    file = saved / "MLmodel"
    file.write_text(file.read_text().replace("  sklearn:", "  unheard_of:"))
    init_from_mlflow(tmp_path / "project", saved)
    assert "mlflow-skinny==3.17.2" in (tmp_path / "project/requirements.txt").read_text()
    assert 'READER = "pyfunc"' in (tmp_path / "project/predict.py").read_text()


def test_modules_that_came_with_the_model_are_found_and_may_import_mlflow(
    saved: Path, tmp_path: Path
) -> None:
    file = saved / "MLmodel"
    file.write_text(
        file.read_text().replace("    loader_module:", "    code: code\n    loader_module:")
    )
    init_from_mlflow(tmp_path / "project", saved)
    assert 'CODE = "code"' in (tmp_path / "project/predict.py").read_text()
    assert "mlflow-skinny==3.17.2" in (tmp_path / "project/requirements.txt").read_text()


def test_without_requirements_those_of_conda_yaml_are_taken(saved: Path, tmp_path: Path) -> None:
    (saved / "requirements.txt").unlink()
    init_from_mlflow(tmp_path / "project", saved)
    lines = (tmp_path / "project/requirements.txt").read_text().splitlines()
    assert {"scikit-learn==1.9.1", "cloudpickle==3.1.2"} <= set(lines)
    assert not [line for line in lines if line.startswith("mlflow")]


def test_packages_that_only_conda_has_are_refused(saved: Path, tmp_path: Path) -> None:
    (saved / "requirements.txt").unlink()
    file = saved / "conda.yaml"
    file.write_text(file.read_text().replace("- pip:", "- libgomp=13\n- pip:"))
    with pytest.raises(PackageError, match="got libgomp=13 from conda"):
        init_from_mlflow(tmp_path / "project", saved)
    file.unlink()
    with pytest.raises(PackageError, match=r"got neither it nor conda\.yaml"):
        init_from_mlflow(tmp_path / "project", saved)


def test_a_classifier_that_must_give_probabilities_is_read_natively(
    saved: Path, tmp_path: Path
) -> None:
    file = saved / "MLmodel"
    file.write_text(file.read_text().replace("predict_fn: predict", "predict_fn: predict_proba"))
    init_from_mlflow(tmp_path / "project", saved)
    assert 'READER = "pickle"' in (tmp_path / "project/predict.py").read_text()


INPUTS = re.compile(r"  inputs: '.*?'\n", re.DOTALL)
OUTPUTS = re.compile(r"  outputs: '.*?'\n", re.DOTALL)


@pytest.mark.parametrize(
    ("outputs", "task"),
    [('[{"type": "string"}]', "classification"), ('[{"type": "double"}]', "regression")],
)
def test_the_type_of_the_answers_tells_the_task(
    saved: Path, tmp_path: Path, outputs: str, task: str
) -> None:
    file = saved / "MLmodel"
    text = OUTPUTS.sub(f"  outputs: '{outputs}'\n", file.read_text())
    file.write_text(text.replace("  sklearn:", "  unheard_of:"))
    init_from_mlflow(tmp_path / "project", saved)
    assert f'task = "{task}"' in (tmp_path / "project/package.toml").read_text()


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ('[{"type": "double", "name": "a"}, {"type": "long", "name": "b"}]', r"2 columns \(a, b\)"),
        ('[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}]', "3 values"),
    ],
)
def test_several_answers_a_row_are_refused(
    saved: Path, tmp_path: Path, outputs: str, message: str
) -> None:
    file = saved / "MLmodel"
    text = OUTPUTS.sub(f"  outputs: '{outputs}'\n", file.read_text())
    file.write_text(text.replace("  sklearn:", "  unheard_of:"))
    with pytest.raises(PackageError, match=f"one prediction a row, got {message}"):
        init_from_mlflow(tmp_path / "project", saved)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("serialization_format: cloudpickle", "serialization_format: gob", "got 'gob'"),
        ('"name": "size", ', "", "expected a signature that names the input columns"),
        ('"type": "double"', '"type": "binary"', "column 'size': expected boolean, integer"),
        ("python_function:", "other:", "expected the flavor python_function"),
        ("flavors:", "flavours:", "expected `flavors`, got none"),
        ("flavors:", "flavors: [", "expected YAML"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_written(
    saved: Path, tmp_path: Path, before: str, after: str, message: str
) -> None:
    file = saved / "MLmodel"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    with pytest.raises(PackageError) as caught:
        init_from_mlflow(tmp_path / "project", saved)
    assert message in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / "project").exists()


def with_tensor(saved: Path, shape: list[int], dtype: str = "float32") -> None:
    """The model as one of another flavour, which takes an array, as Keras' and PyTorch's do."""
    file = saved / "MLmodel"
    spec = json.dumps([{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}])
    text = INPUTS.sub(f"  inputs: '{spec}'\n", file.read_text())
    text = OUTPUTS.sub('  outputs: \'[{"type": "double"}]\'\n', text)
    file.write_text(text.replace("  sklearn:", "  unheard_of:"))


def test_a_tensor_of_numbers_becomes_columns(saved: Path, tmp_path: Path) -> None:
    with_tensor(saved, [-1, 3])
    init_from_mlflow(tmp_path / "project", saved)
    names: dict[str, Any] = {}
    exec((tmp_path / "project/predict.py").read_text(), names)
    frame = pd.DataFrame({"x0": [1, 2], "x1": [1.5, None], "x2": [3, 4]})
    given = names["typed"](frame)
    assert (given.dtype, given.shape) == (np.float32, (2, 3))
    assert given[0].tolist() == [1, 1.5, 3]
    origin = json.loads((tmp_path / "project/mlflow.json").read_text())
    assert origin["columns"] == dict.fromkeys(("x0", "x1", "x2"), "float")


def test_the_columns_of_a_tensor_have_the_names_of_the_data(saved: Path, tmp_path: Path) -> None:
    with_tensor(saved, [-1, 2])
    data = tmp_path / "rows.csv"
    data.write_text("area,price,rooms\n" + "1.5,2.5,3\n" * 20)
    init_from_mlflow(tmp_path / "project", saved, data, "price")
    found = load_project(tmp_path / "project").data
    assert found is not None
    assert found.include == ("area", "rooms")
    origin = json.loads((tmp_path / "project/mlflow.json").read_text())
    assert origin["columns"] == {"area": "float", "rooms": "float"}
    for target, said in ((None, "names none, got none"), ("size", "names none, got 'size'")):
        with pytest.raises(UsageError, match=said):
            init_from_mlflow(tmp_path / "no", saved, data, target)
    data.write_text("area,price\n" + "1.5,2.5\n" * 20)
    with pytest.raises(UsageError, match=r"2 columns beside price, .* \[-1, 2\], got 1"):
        init_from_mlflow(tmp_path / "no", saved, data, "price")


@pytest.mark.parametrize(
    ("shape", "dtype"), [([-1, 28, 28], "float32"), ([-1], "float32"), ([-1, 3], "object")]
)
def test_other_tensors_are_refused_with_the_way_that_takes_them(
    saved: Path, tmp_path: Path, shape: list[int], dtype: str
) -> None:
    with_tensor(saved, shape, dtype)
    with pytest.raises(UsageError, match=re.escape(f"got {dtype} of {shape}")) as caught:
        init_from_mlflow(tmp_path / "project", saved)
    assert "--from-model FILE" in caught.value.hint


def test_a_folder_that_is_no_mlflow_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="expected a folder with the file MLmodel"):
        init_from_mlflow(tmp_path / "project", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("MLmodel", "[" * 100_000, "expected YAML"),
        ("MLmodel", "a: &a [x]\nb: [" + ", ".join(["*a"] * 30) + "]", "at most 20 aliases, got 30"),
        ("MLmodel", "#" * (1 << 21), "expected at most"),
        ("conda.yaml", "a: &a [x]\nb: [" + ", ".join(["*a"] * 30) + "]", "at most 20 aliases"),
    ],
    ids=["deep", "aliases", "large", "conda"],
)
def test_yaml_that_costs_more_than_its_bytes_is_refused(
    saved: Path, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (saved / "requirements.txt").unlink()
    (saved / name).write_text(text)
    with pytest.raises(UsageError, match=said):
        init_from_mlflow(tmp_path / "project", saved)


@pytest.mark.parametrize("target", ["../outside", "../outside/key", "..", "."])
def test_links_of_the_folder_bring_no_other_file_into_the_project(
    saved: Path, tmp_path: Path, target: str
) -> None:
    (saved.parent / "outside").mkdir()
    (saved.parent / "outside/key").write_text("secret")
    (saved / "weights").symlink_to(target)
    with pytest.raises(UsageError, match="link"):
        init_from_mlflow(tmp_path / "project", saved)
    assert not (tmp_path / "project").exists()


def labelled(saved: Path, folder: Path) -> Path:
    """The rows that MLflow was asked with, and its answers as true labels."""
    rows = pd.read_csv(saved / "asked.csv")
    rows["truth"] = pd.read_csv(saved / "answers.csv")["prediction"]
    rows["comment"] = "none"
    rows.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def test_data_makes_the_inputs_features_and_the_target_is_measured(
    saved: Path, tmp_path: Path
) -> None:
    data = labelled(saved, tmp_path)
    files = init_from_mlflow(tmp_path / "project", saved, data, "truth")
    assert "data/rows.csv" in files
    project = load_project(tmp_path / "project")
    check_columns(project)
    assert project.data is not None
    assert project.data.target == "truth"
    assert project.data.include == ("size", "count", "colour", "new")
    assert (project.package.task, project.recipe) == ("classification", None)


def test_data_without_the_inputs_or_without_labels_is_refused(saved: Path, tmp_path: Path) -> None:
    data = labelled(saved, tmp_path)
    rows = pd.read_csv(data)
    for columns, target, message in (
        (["size", "count", "new", "truth"], None, "none called 'colour'"),
        (["size", "count", "colour", "new"], None, "besides the model's inputs, got none"),
        (list(rows), "size", "besides the model's inputs, got 'size'"),
        (list(rows), "gone", "--target: expected a column of rows.csv, got 'gone'"),
    ):
        rows[columns].to_csv(data, index=False)
        with pytest.raises(UsageError, match=re.escape(message)):
            init_from_mlflow(tmp_path / "project", saved, data, target)
    with pytest.raises(UsageError, match="--target: expected --data with it, got none"):
        init_from_mlflow(tmp_path / "project", saved, None, "truth")
    assert not (tmp_path / "project").exists()


def test_a_column_that_is_not_required_may_be_left_out(saved: Path, tmp_path: Path) -> None:
    file = saved / "MLmodel"
    optional = file.read_text().replace('"new", "required": true', '"new", "required": false')
    file.write_text(optional.replace("  sklearn:", "  unheard_of:"))
    init_from_mlflow(tmp_path / "project", saved)
    names: dict[str, Any] = {}
    exec((tmp_path / "project/predict.py").read_text(), names)
    frame = pd.DataFrame({"size": [1, 2], "count": [1, 2], "colour": ["a", None], "new": None})
    assert list(names["typed"](frame)) == ["size", "count", "colour"]
    assert names["typed"](frame.assign(new=[True, None]))["new"].tolist()[0] == 1.0
    data = labelled(saved, tmp_path)
    pd.read_csv(data).drop(columns="new").to_csv(data, index=False)
    init_from_mlflow(tmp_path / "measured", saved, data, "truth")
    found = load_project(tmp_path / "measured").data
    assert found is not None
    assert found.include == ("size", "count", "colour")
    assert '"new"' not in (tmp_path / "measured/predict.py").read_text()
