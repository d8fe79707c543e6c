from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pytest
from host_samples import TOML, write_project

from packager.errors import PackageError, UsageError
from packager.project.config import load_project
from packager.project.files import list_files
from packager.project.validate import check_columns, check_model_files


def with_data(text: str) -> dict[str, str]:
    return {"package.toml": TOML.replace("[recipe]", text + "\n[recipe]")}


def with_more(text: str) -> dict[str, str]:
    return {"package.toml": TOML + text}


MISTAKES = {
    "target": (
        {"package.toml": TOML.replace('"returned"', '"returnd"')},
        "package.toml: `data.target`: expected a column of data/visits.csv, got 'returnd'",
        "did you mean 'returned'?",
    ),
    "exclude": (
        with_data('exclude = ["zzz"]'),
        "package.toml: `data.exclude`: expected a column of data/visits.csv, got 'zzz'",
        "its columns are channel, basket, returned",
    ),
    "target among exclude": (
        with_data('exclude = ["returned"]'),
        "package.toml: `data.exclude`: expected no target among them, got 'returned'",
        "the target is never a feature",
    ),
    "a declared column": (
        with_more('[data.columns]\nchanel = { kind = "string" }\n'),
        "package.toml: `data.columns`: expected a column of data/visits.csv, got 'chanel'",
        "did you mean 'channel'?",
    ),
    "a feature that is not compared": (
        with_more('[monitoring]\nexclude = ["baskets"]\n'),
        "package.toml: `monitoring.exclude`: expected a column of data/visits.csv, got 'baskets'",
        "did you mean 'basket'?",
    ),
    "split by": (
        with_data('split = { by = ["customer"] }'),
        "package.toml: `data.split.by`: expected a column of data/visits.csv, got 'customer'",
        "its columns are ",
    ),
    "split by time": (
        with_data('split = { time = "date", from = "2025-01-01" }'),
        "package.toml: `data.split.time`: expected a column of data/visits.csv, got 'date'",
        "its columns are ",
    ),
    "slices": (
        with_more('[slices]\ncolumns = ["chanel"]\n'),
        "package.toml: `slices.columns`: expected a column of data/visits.csv, got 'chanel'",
        "did you mean 'channel'?",
    ),
    "a rule on an absent column": (
        with_more('[slices.rules]\nlarge = "carat >= 1.5"\n'),
        "package.toml: `slices.rules.large`: expected a column of data/visits.csv, got 'carat'",
        "its columns are ",
    ),
    "a rule that is none": (
        with_more('[slices.rules]\nlarge = "basket >="\n'),
        "package.toml: `slices.rules.large`: ",
        "for example carat >= 1.5",
    ),
    "held-out rows with other columns": (
        {
            **with_data('split = { file = "test.csv" }'),
            "test.csv": "channel,returned\nweb,yes\n",
        },
        "package.toml: `data.split.file`: expected a column of test.csv, got 'basket'",
        "its columns are channel, returned",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_column_that_is_not_there_is_named(tmp_path: Path, mistake: str):
    changes, message, hint = MISTAKES[mistake]
    project = load_project(write_project(tmp_path, changes))
    with pytest.raises(UsageError) as caught:
        check_columns(project)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_an_embedding_needs_data_one_model_and_its_module(tmp_path: Path):
    text = '[monitoring]\nembedding = "train:embed"\n'
    check_columns(load_project(write_project(tmp_path / "known", with_more(text))))
    own = with_more('[monitoring]\nembedding = "model:embed"\n')
    project = load_project(write_project(tmp_path / "own", own))
    check_columns(project)
    flow = project.package.model_copy(update={"flow": "flow:run"})
    with pytest.raises(UsageError, match="expected a package of one model, got a solution"):
        check_columns(project.model_copy(update={"package": flow}))
    with pytest.raises(UsageError, match=r"expected \[data\] to compare live rows with"):
        check_columns(project.model_copy(update={"data": None}))
    other = with_more('[monitoring]\nembedding = "other:embed"\n')
    folder = write_project(tmp_path / "other", other)
    with pytest.raises(UsageError, match="expected module `other`"):
        load_project(folder)


def test_columns_that_are_there_are_taken(tmp_path: Path):
    text = '[slices]\ncolumns = ["channel"]\n[slices.rules]\nlarge = "basket >= 1.5"\n'
    check_columns(load_project(write_project(tmp_path, with_more(text))))


def test_many_columns_are_not_all_listed(tmp_path: Path):
    names = [f"column{i}" for i in range(50)]
    changes = {"data/visits.csv": ",".join(names) + "\n" + ",".join("1" * 50) + "\n"}
    with pytest.raises(UsageError) as caught:
        check_columns(load_project(write_project(tmp_path, changes)))
    assert caught.value.hint.endswith("column19, …")


class Local:
    """Pickled under the name of the module it is in."""


def pretrained_model(folder: Path, content: bytes, more: str = "") -> Path:
    toml = '[package]\nname = "m"\nversion = "1"\ntask = "regression"\n[model]\npath = "m.pkl"\n'
    return write_project(folder, {"package.toml": toml + more, "m.pkl": content})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_class_of_main_is_found_in_every_pickle_protocol(
    tmp_path: Path, monkeypatch, protocol: int
):
    import __main__

    monkeypatch.setattr(__main__, "Local", Local, raising=False)
    monkeypatch.setattr(Local, "__module__", "__main__")
    (tmp_path / "m.pkl").write_bytes(pickle.dumps([Local()], protocol))
    project = load_project(pretrained_model(tmp_path / "p", pickle.dumps(Local(), protocol)))
    with pytest.raises(PackageError) as caught:
        check_model_files(list_files(project).model)
    assert caught.value.message == (
        "model file model needs 'Local' of the script it was made by (module __main__)"
    )
    assert caught.value.hint.startswith("move Local to a module of the project")
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("value", [Path("x"), {"a": 1}, "some words of __main__ in a text"])
def test_other_pickles_pass(tmp_path: Path, value):
    project = load_project(pretrained_model(tmp_path, pickle.dumps(value)))
    check_model_files(list_files(project).model)


def test_slices_without_data_are_refused(tmp_path: Path):
    given = pretrained_model(tmp_path, b"x", '[slices]\ncolumns = ["color"]\n')
    with pytest.raises(UsageError) as caught:
        check_columns(load_project(given))
    assert caught.value.message == (
        "package.toml: `slices`: expected [data] to take them from, got none"
    )
    assert caught.value.hint == "add [data]"


def test_what_no_request_holds_is_refused_from_the_types_of_parquet(tmp_path: Path):
    toml = TOML.replace("data/visits.csv", "data/visits.parquet")
    directory = write_project(tmp_path, {"package.toml": toml})
    rows = pd.DataFrame({"parts": [{"a": 1}], "basket": [1.5], "returned": ["no"]})
    rows.to_parquet(directory / "data/visits.parquet")
    with pytest.raises(UsageError, match="booleans or times in 'parts', got struct") as caught:
        check_columns(load_project(directory))
    assert caught.value.hint.endswith('exclude = ["parts"]')
    excluded = toml.replace("[recipe]", 'exclude = ["parts"]\n[recipe]')
    (directory / "package.toml").write_text("\ufeff" + excluded, encoding="utf-8")
    check_columns(load_project(directory))
