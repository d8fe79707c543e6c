"""One place says what the model answers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from packager.project.answers import check_answers
from packager.project.sections import DataSection, OutputSection, PackageSection


def checked(task: str | None, outputs: dict[str, Any], data: dict[str, Any] | None = None) -> None:
    package = PackageSection.model_validate({"name": "n", "version": "1", "task": task})
    made = {name: OutputSection.model_validate(one) for name, one in outputs.items()}
    check_answers(package, made, None if data is None else DataSection.model_validate(data))


ONE = {"price": {"kind": "number", "target": "price"}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("regression", ONE), "expected one of `package.task` and [outputs], got both"),
        ((None, {}), "expected one of `package.task` and [outputs], got neither"),
        ((None, {"token": ONE["price"]}), "`outputs.token`: expected another name"),
        ((None, ONE, {"source": "a.csv", "target": "price"}), "`data.target`: expected none"),
        (("regression", {}, {"source": "a.csv"}), "expected key `data.target`, got none"),
    ],
)
def test_what_contradicts_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        checked(*arguments)


def test_one_place_is_enough() -> None:
    checked(None, ONE, {"source": "a.csv"})
    checked("regression", {}, {"source": "a.csv", "target": "price"})
