from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from packager.data.key_sketch import FILE, KeySketch
from packager.errors import PackageError
from packager.manifest.manifest import Recipe, Serve
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.train.dataset import Dataset
from packager.worker.train.row_keys import check_members, keep_keys

RECIPE = Recipe(train="train:train", seed=0, params={}, accept={})


def job(*key: str, recipe: bool = False) -> Job:
    serve = Serve(predictor="auto", compile="off", workers=1, strict=False)
    return Job(
        task="regression",
        target="y",
        key=key,
        serve=serve,
        slices_columns=(),
        slices_rules={},
        recipe=RECIPE if recipe else "none",
    )


def dataset(train: range, test: range) -> Dataset:
    def rows(ids: range) -> pd.DataFrame:
        return pd.DataFrame({"id": list(ids), "x": 1.0, "y": 2.0})

    return Dataset(rows(train), rows(test), ("x",), ("y",))


def member(root: Path, name: str, seen: range | None) -> None:
    folder = Root(root).model / "members" / name / "package"
    folder.mkdir(parents=True)
    if seen is not None:
        sketch = KeySketch.of(pd.DataFrame({"customer": list(seen)}), ["customer"])
        (folder / FILE).write_bytes(sketch.dump())


def test_a_recipe_leaves_the_keys_of_its_training_rows(tmp_path: Path) -> None:
    keep_keys(dataset(range(10), range(10, 15)), job("id", recipe=True), tmp_path)
    assert KeySketch.load(tmp_path / FILE).keys == 10


def test_without_a_key_or_a_recipe_there_are_none(tmp_path: Path) -> None:
    keep_keys(dataset(range(10), range(10, 15)), job(recipe=True), tmp_path)
    keep_keys(dataset(range(10), range(10, 15)), job("id"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_member_that_has_seen_held_out_rows(tmp_path: Path) -> None:
    member(tmp_path, "price", range(12))
    expected = (
        r"member 'price': expected held-out rows that it was not trained on, got 2 of 5 that it"
        r" was, by the key id"
    )
    with pytest.raises(PackageError, match=expected):
        check_members(dataset(range(10), range(10, 15)), job("id"), Root(tmp_path))


def test_members_of_other_rows_pass_and_unknown_ones_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    member(tmp_path, "price", range(10))
    member(tmp_path, "text", None)
    check_members(dataset(range(10), range(10, 15)), job("id"), Root(tmp_path))
    said = capsys.readouterr().err
    assert "whether text had held-out rows of the solution in training is not known" in said
    assert "member text declares no key" in said
    check_members(dataset(range(10), range(10, 15)), job(), Root(tmp_path))
    assert "whether price, text had" in capsys.readouterr().err


def test_keys_of_other_kinds_are_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """7 and "7" have different hashes; 7.0 is 7, as in a column with a null."""
    member(tmp_path, "price", range(12))
    data = dataset(range(10), range(10, 15))
    text = replace(data, test=data.test.assign(id=data.test["id"].astype(str)))
    check_members(text, job("id"), Root(tmp_path))
    assert (
        "note: whether price had held-out rows of the solution in training is not known: its key"
        " is customer (number), that of the solution id (string)"
    ) in capsys.readouterr().err
    floats = replace(data, test=data.test.assign(id=[10.0, 11.0, 12.0, 13.0, None]))
    with pytest.raises(PackageError, match="got 2 of 5 that it was"):
        check_members(floats, job("id"), Root(tmp_path))
    check_members(replace(data, test=data.test.iloc[2:]), job("id", "x"), Root(tmp_path))
    assert "that of the solution id (number), x (number)" in capsys.readouterr().err


def test_a_package_of_one_model_has_no_members(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_members(dataset(range(10), range(10, 15)), job("id"), Root(tmp_path))
    assert capsys.readouterr().err == ""
