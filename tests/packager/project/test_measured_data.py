"""The section of ``package.toml`` for data that a pretrained model is measured on."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.measured_data import measured_section


def test_the_inputs_are_included_and_the_only_other_column_is_the_target(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('"a ""x""";b;truth\n' + "1,5;z;3\n2,5;z;4\n" * 20)
    section, task, inputs = measured_section(file, None, ['a "x"', "b"], "regression")
    assert tomllib.loads(section)["data"] == {
        "source": "data/rows.csv",
        "target": "truth",
        "include": ['a "x"', "b"],
        "read": {"separator": ";", "decimal": ","},
    }
    assert (task, inputs) == ("regression", ['a "x"', "b"])


def test_a_target_of_text_makes_it_a_classification(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,truth\n1,yes\n2,no\n")
    assert measured_section(file, "truth", ["a"], "regression")[1] == "classification"


@pytest.mark.parametrize(
    ("inputs", "target", "message"),
    [
        (["a", "gone"], None, "none called 'gone'"),
        (["a", "b"], None, "besides the model's inputs, got none"),
        (["a"], "a", "besides the model's inputs, got 'a'"),
        (["a"], "c", "--target: expected a column of rows.csv, got 'c'"),
    ],
)
def test_data_that_does_not_fit_the_model_is_refused(
    tmp_path: Path, inputs: list[str], target: str | None, message: str
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=message):
        measured_section(tmp_path / "rows.csv", target, inputs, "regression")
