"""``[[test.case]]`` beside the rest of package.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.project.case_rules import case_columns, check_cases


def test_the_file_of_a_case_must_exist(tmp_path: Path) -> None:
    case = Case(name="known", kind="golden", rows="file:cases/known.csv")
    with pytest.raises(
        UsageError, match=r"'known': expected a file at cases/known.csv, which does"
    ):
        check_cases([case], "regression", (), tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/known.csv").touch()
    check_cases([case], "regression", (), tmp_path)


def test_an_expectation_that_no_answer_meets_is_refused_at_once(tmp_path: Path) -> None:
    case = Case(name="odd", kind="bounds", expect="label:big")
    with pytest.raises(UsageError) as refused:
        check_cases([case], "regression", (), tmp_path)
    assert refused.value.message.startswith("package.toml: [[test.case]] 'odd': an answer of kind")
    assert "docs/behavioural-cases.md" in refused.value.hint


def test_the_columns_of_a_rule_are_named_and_a_wrong_rule_is_refused() -> None:
    case = Case(
        name="r", kind="invariance", change={"a": "swap:b"}, rows="where:carat < 2 and `x y` > 1"
    )
    assert set(case_columns(case)) == {"a", "b", "carat", "x y"}
    wrong = case.model_copy(update={"rows": "where:carat <"})
    with pytest.raises(UsageError, match=r"package.toml: .* 'r': `rows`: "):
        case_columns(wrong)
