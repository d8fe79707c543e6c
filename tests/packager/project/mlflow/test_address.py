from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.project.mlflow.address import (
    LoggedModel,
    ModelAddress,
    RegisteredModel,
    RunModel,
    is_address,
    parse_address,
)

MODEL = "m-1b454593081746cd8fe6716571513e92"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("runs:/abc/model", RunModel("abc", "model")),
        ("runs:/abc/deep/model/", RunModel("abc", "deep/model")),
        ("models:/churn/3", RegisteredModel("churn", version="3")),
        ("models:/churn@champion", RegisteredModel("churn", alias="champion")),
        ("models:/cat.schema.churn@v1", RegisteredModel("cat.schema.churn", alias="v1")),
        ("models:/a@b/3", RegisteredModel("a@b", version="3")),
        (f"models:/{MODEL}", LoggedModel(MODEL)),
    ],
)
def test_addresses_as_mlflow_writes_them(text: str, found: ModelAddress) -> None:
    assert is_address(text)
    assert parse_address(text) == found


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("runs:/abc", "no path after the run"),
        ("runs:/", "no path after the run"),
        ("models:/churn", "neither version nor alias"),
        ("models:/churn/latest", "'latest' in place of a version"),
        ("models:/churn/Production", "'Production' in place of a version"),
        ("models:/churn@", "no alias"),
        ("models:/@a", "no name"),
        ("models:", "no model"),
        ("models://profile@databricks/churn/1", "a profile"),
        ("runs:/abc/../../x", "leaves the model"),
    ],
)
def test_other_forms_are_refused_by_what_is_missing(text: str, got: str) -> None:
    with pytest.raises(UsageError, match=got) as caught:
        parse_address(text)
    assert "models:/NAME@ALIAS" in caught.value.message


def test_a_folder_is_no_address() -> None:
    assert not is_address("runs/abc")
    assert not is_address("/models/x")
