from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.mlflow.saved_model import REFUSED, read_model

SAVED = Path(__file__).parents[1] / "mlflow_model"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    shutil.copytree(SAVED, tmp_path / "model")
    return tmp_path / "model/MLmodel"


def test_the_folder_says_columns_flavours_example_and_run(file: Path) -> None:
    file.write_text(file.read_text() + "run_id: abc\n")
    found = read_model(file.parent)
    assert found.columns == {"size": "float64", "count": "int64", "colour": "object", "new": "bool"}
    assert found.types["count"] == "long"
    assert (found.flavors, found.example, found.run) == (("sklearn",), "input_example.json", "abc")


def test_columns_that_are_not_required_are_optional(file: Path) -> None:
    assert read_model(file.parent).optional == ()
    content = file.read_text()
    assert content.count('"new", "required": true') == 1
    file.write_text(content.replace('"new", "required": true', '"new", "required": false'))
    assert read_model(file.parent).optional == ("new",)


@pytest.mark.parametrize("flavour", REFUSED)
def test_flavours_that_no_image_can_run_are_refused_by_name(file: Path, flavour: str) -> None:
    file.write_text(file.read_text().replace("  sklearn:", f"  {flavour}:"))
    with pytest.raises(UsageError, match=f"the flavor {flavour} ") as caught:
        read_model(file.parent)
    assert "--from-model" in caught.value.hint


def test_an_example_that_is_no_table_is_none(file: Path) -> None:
    file.write_text(file.read_text().replace("type: dataframe", "type: ndarray"))
    assert read_model(file.parent).example is None
