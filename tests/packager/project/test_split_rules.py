"""What ``[data] split`` may say."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import UsageError
from packager.manifest.data_roles import Split
from packager.project.sections import OutputSection
from packager.project.split_rules import check_split

RANKING = {"y": OutputSection(kind="score", target="rel", group="query")}


@pytest.mark.parametrize(
    ("given", "outputs"),
    [
        ({}, {}),
        ({"by": ("a",)}, RANKING),
        ({"by": ("a",), "time": "t", "from": "2025", "gap": "7d"}, RANKING),
        ({"file": "test.csv"}, RANKING),
    ],
)
def test_a_complete_split_is_taken(given: Any, outputs: Any) -> None:
    check_split(Split.model_validate(given), outputs)


@pytest.mark.parametrize(
    ("given", "outputs", "message"),
    [
        ({"by": ("a",), "file": "x"}, {}, "`data.split`: expected one way to split, got by and"),
        ({"gap": "7d"}, {}, "`data.split.gap`: expected `time` and `from` beside it, got none"),
        ({"time": "t"}, {}, "`data.split`: expected `time` and `from` together, got only one"),
        ({"test": 1.0}, {}, "`data.split.test`: expected a share between 0 and 1, got 1.0"),
        ({}, RANKING, "`outputs.y.group`: expected a split that keeps the rows of a query"),
    ],
)
def test_another_split_is_refused(given: Any, outputs: Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_split(Split.model_validate(given), outputs)
    assert refused.value.message.startswith(f"package.toml: {message}")
