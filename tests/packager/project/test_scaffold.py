from __future__ import annotations

import os
import pickle
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression

from packager.errors import PackageError, UsageError
from packager.project.config import load_project
from packager.project.files import list_files
from packager.project.from_model import init_from_model
from packager.project.scaffold import init_project, package_name, quoted, torch_line
from packager.project.sections import PackageSection
from packager.project.training_project import init_training
from packager.project.validate import check_columns, check_model_files


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A classifier, fitted and pickled."""
    path = tmp_path / "given" / "model.pkl"
    path.parent.mkdir()
    frame = pd.DataFrame({"a": [0, 1, 2, 3]})
    path.write_bytes(pickle.dumps(LogisticRegression().fit(frame, [0, 0, 1, 1])))
    return path


def test_the_starter_project_is_a_valid_one(tmp_path: Path):
    files = init_project(tmp_path / "My first Model!")
    assert files == ["data/visits.csv", "package.toml", "requirements.txt", "train.py"]
    project = load_project(tmp_path / "My first Model!")
    check_columns(project)
    assert project.package.name == "my-first-model"
    assert project.slices.rules == {"big basket": "basket >= 100"}


def test_the_starter_is_the_same_every_time(tmp_path: Path):
    for name in ("one", "two"):
        init_project(tmp_path / name)
    one, two = (tmp_path / name / "data/visits.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_the_starter_rows_can_be_learnt_from(tmp_path: Path):
    init_project(tmp_path)
    frame = pd.read_csv(tmp_path / "data/visits.csv")
    assert len(frame) == 600
    assert frame["returned"].value_counts().min() > 100
    assert frame["basket"].isna().sum() == 20


@pytest.mark.parametrize("taken", ["package.toml", "train.py", "data/visits.csv"])
def test_nothing_that_stands_there_is_touched(tmp_path: Path, taken: str):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError) as caught:
        init_project(tmp_path)
    assert caught.value.message == f"{tmp_path / taken}: exists already"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_files_of_other_names_may_stand_there(tmp_path: Path):
    (tmp_path / "notes.md").write_text("mine")
    init_project(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [
        "data",
        "notes.md",
        "package.toml",
        "requirements.txt",
        "train.py",
    ]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "f").write_text("mine")
    with pytest.raises(UsageError) as caught:
        init_project(tmp_path / "f")
    assert caught.value.message == f"{tmp_path}/f: expected a folder, got a file"


def test_a_project_around_a_model_knows_what_made_it(tmp_path: Path, model: Path):
    import sklearn

    files = init_from_model(tmp_path / "p", model, None)
    assert files == ["model/model.pkl", "package.toml", "requirements.txt"]
    project = load_project(tmp_path / "p")
    check_model_files(list_files(project).model)
    assert project.package.task == "classification"
    assert (project.recipe, project.data) == (None, None)
    assert (tmp_path / "p/requirements.txt").read_text() == (
        f"pandas\nscikit-learn=={sklearn.__version__}\n"
    )
    assert (tmp_path / "p/model/model.pkl").read_bytes() == model.read_bytes()
    assert model.is_file()


def test_a_regressor_makes_a_regression(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(LinearRegression()))
    init_from_model(tmp_path / "p", tmp_path / "m.pkl", None)
    assert load_project(tmp_path / "p").package.task == "regression"


@pytest.mark.parametrize(
    ("columns", "asked", "expected"),
    [
        ("a,b,c", None, "c"),
        ("a,Target,c", None, "Target"),
        ("label,b,c", None, "label"),
        ("a,b,c", "a", "a"),
        ('a,"b ""x"" \\",c', 'b "x" \\', 'b "x" \\'),
    ],
)
def test_the_target_is_requested_or_guessed(tmp_path, model, columns, asked, expected):
    data = tmp_path / "rows 1.csv"
    data.write_text(f"{columns}\n1,2,3\n")
    init_from_model(tmp_path / "p", model, data, [asked] if asked else [])
    project = load_project(tmp_path / "p")
    check_columns(project)
    assert (project.data.target, project.data.source) == (expected, "data/rows 1.csv")


def test_a_folder_of_data_and_a_folder_model_are_copied(tmp_path: Path):
    for name, content in {"tables/a.csv": "x,y\n1,2\n", 'mo"del\\1/weights': "tree\n"}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    init_from_model(tmp_path / "p", tmp_path / 'mo"del\\1', tmp_path / "tables")
    project = load_project(tmp_path / "p")
    assert project.path(project.model.path) == tmp_path / "p" / "model" / 'mo"del\\1'
    assert (tmp_path / "p/data/tables/a.csv").is_file()


def test_a_target_that_is_no_column_is_refused(tmp_path: Path, model: Path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError) as caught:
        init_from_model(tmp_path / "p", model, tmp_path / "rows.csv", ["c"])
    assert caught.value.message == "--target: expected a column of rows.csv, got 'c'"
    assert caught.value.hint == "its columns are a, b"
    assert not (tmp_path / "p").exists()


def test_a_target_without_data_is_refused(tmp_path: Path, model: Path):
    with pytest.raises(UsageError, match="--target: expected --data with it, got none"):
        init_from_model(tmp_path / "p", model, None, ["c"])


def test_a_model_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        init_from_model(tmp_path / "p", tmp_path / "gone.pkl", None)
    assert caught.value.message == f"--from-model {tmp_path}/gone.pkl: no such file"


def test_an_empty_folder_is_no_model(tmp_path: Path):
    (tmp_path / "m").mkdir()
    with pytest.raises(UsageError, match="holds no file"):
        init_from_model(tmp_path / "p", tmp_path / "m", None)


def test_a_model_of_main_is_refused_with_what_to_do(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x02c__main__\nModel\n)\x81.")
    with pytest.raises(PackageError) as caught:
        init_from_model(tmp_path / "p", tmp_path / "m.pkl", None)
    assert "of the script it was made by (module __main__)" in caught.value.message
    assert caught.value.exit_code == 1
    assert "move Model to a module" in caught.value.hint


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_back_from_toml(text: str):
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_any_folder_name_gives_a_name_that_is_allowed(name: str):
    made = package_name(Path("/") / name)
    assert PackageSection(name=made, version="1", task="regression").name == made


def test_the_way_that_the_data_is_written_is_recorded(tmp_path: Path, model: Path):
    (tmp_path / "rows.csv").write_text("a;b\n" + "1,5;x\n" * 30)
    init_from_model(tmp_path / "p", model, tmp_path / "rows.csv", ["b"])
    project = load_project(tmp_path / "p")
    check_columns(project)
    assert project.data is not None
    assert (project.data.read.separator, project.data.read.decimal) == (";", ",")


@pytest.fixture
def linked(tmp_path: Path, model: Path, request: pytest.FixtureRequest) -> Path:
    """The folder of a model, with a link in it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/key").write_text("a,y\n1,2\n")
    (model.parent / "more.csv").symlink_to(request.param)
    return model.parent


LINKS = pytest.mark.parametrize(
    "linked", ["../outside", "../outside/key", "..", "."], indirect=True
)


@LINKS
def test_links_of_a_models_folder_bring_no_other_file_into_the_project(
    tmp_path: Path, linked: Path
):
    with pytest.raises(UsageError, match="link"):
        init_from_model(tmp_path / "project", linked, None)
    assert not (tmp_path / "project").exists()


@LINKS
def test_links_of_a_folder_of_data_bring_no_other_file_into_the_project(
    tmp_path: Path, linked: Path
):
    (linked / "model.pkl").unlink()
    (linked / "rows.csv").write_text("a,y\n1,2\n")
    with pytest.raises(UsageError, match="link"):
        init_training(tmp_path / "project", linked, ["y"])
    assert not (tmp_path / "project").exists()


def test_nothing_is_written_through_a_link_of_the_folder(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project/data").symlink_to("../elsewhere")
    with pytest.raises(UsageError, match="a link that leaves the project"):
        init_project(tmp_path / "project")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("requirements", "is_written"),
    [
        ("torch", True),
        ("pandas\ntorch==2.9.0  # installed: 2.9.0+cu128\n", True),
        ("Sentence_Transformers>=3", True),
        ("torch[opt]>=2 ; python_version > '3'", True),
        ("pandas\nscikit-learn\n# torch\n", False),
        ("torchbearer", False),
        ("torch==2.9.0+cu128", False),
        ("torch\ncupy-cuda12x\n", False),
        ("torch\nonnxruntime-gpu\n", False),
        ("torch==2.9.0 --hash=sha256:00", False),
        ("", False),
    ],
)
def test_pytorch_comes_without_cuda_unless_a_graphics_card_is_named(requirements, is_written):
    line = torch_line(requirements)
    assert bool(line) == is_written
    if line:
        assert tomllib.loads(line) == {"torch": "cpu"}
