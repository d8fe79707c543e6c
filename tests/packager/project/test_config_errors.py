from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.project.config import INTERNAL_FIELDS, Project
from packager.project.config_errors import explain_mistake

GOOD = {
    "directory": "/tmp",
    "package": {"name": "a", "version": "1", "task": "regression"},
    "data": {"source": "a.csv", "target": "y"},
    "recipe": {"train": "train:train"},
}


@pytest.mark.parametrize(
    ("section", "key", "value", "told", "hint"),
    [
        ("data", "sourc", "x", "unknown key `data.sourc`", "did you mean `source`?"),
        ("package", "labels", {"a": "x"}, "unknown key `package.labels`", "package.image-labels"),
        ("image", "labels", {"a": "x"}, "unknown key `image.labels`", "package.image-labels"),
        ("package", "name", "A B", "`package.name`: expected lower-case letters", "see docs/"),
        ("package", "task", "regresion", "expected 'classification' or 'regression'", "mean"),
        ("member", "procces", "own", "unknown key `member.0.procces`", "did you mean `process`?"),
        ("serve", "workers", 0, "`serve.workers`: expected greater than or equal to 1", "see"),
    ],
)
def test_the_first_mistake_names_key_expectation_and_value(
    section: str, key: str, value: object, told: str, hint: str
) -> None:
    given: dict[str, object] = {**GOOD}
    own = given.get(section, {})
    assert isinstance(own, dict)
    own = {**own, key: value}
    given[section] = own
    if section == "member":
        del given["recipe"]
        given[section] = [{"name": "a", "package": "a", **own}]
    with pytest.raises(ValidationError) as raised:
        Project.model_validate(given)
    error = explain_mistake(raised.value, Project, INTERNAL_FIELDS)
    assert told in error.message
    assert hint in error.hint
