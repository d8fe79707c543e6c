"""The text that ``package test`` prints."""

from __future__ import annotations

import pytest
import tested_packages as made

from packager.report.data_test import MAX_SHOWN, as_text


def test_what_failed_comes_first_and_the_verdict_last() -> None:
    quality = made.family(
        "quality", [made.check("log_loss"), made.failed("accuracy color=E")], "failed"
    )
    text = as_text(made.report(made.family("schema"), quality, verdict="failed"), 80)
    lines = text.splitlines()
    assert lines[0] == "stones 1.0.0 (abababababab) on 1,000 rows, 980 of them measured with labels"
    assert lines[2:5] == [
        "failed:",
        "  check                      packaged  now  change  allowed   rows        q",
        "  quality: accuracy color=E       0.9  0.8    -0.1     0.02  1,000  <0.0001",
    ]
    assert lines[-1] == "failed: because it is so"


def test_a_family_that_passed_is_a_line_with_what_is_nearest_to_its_limit() -> None:
    checks = [made.drifted(name, verdict="passed", now=v, difference=v, limit=0.5) for name, v in
              (("age", 0.01), ("size", 0.2), ("mass", 0.1))]  # fmt: skip
    text = as_text(made.report(made.family("drift", checks)), 80)
    assert "drift   passed        3  nearest to its limit: size, +0.2 of +0.5" in text
    assert "age" not in text


def test_a_change_for_the_better_is_not_near_a_limit() -> None:
    better = made.check(now=0.95, difference=0.05)
    assert "nearest" not in as_text(made.report(made.family("quality", [better])))


@pytest.mark.parametrize("few", ["too few rows", "too few held-out rows (2,000)"])
def test_inconclusive_checks_are_counted(few: str) -> None:
    checks = [made.unclear(f"accuracy color={place}") for place in range(100)]
    family = made.family("quality", checks, "inconclusive", why=f"{few} to tell: accuracy")
    text = as_text(made.report(family, verdict="inconclusive"))
    assert "100 with too few rows to tell; accuracy" in text
    assert len(text.splitlines()) < 12


def test_a_family_that_was_not_judged_says_why() -> None:
    family = made.family("fairness", verdict="not judged", why="no column is named")
    assert "fairness  not judged" in as_text(made.report(family))
    assert "no column is named" in as_text(made.report(family))


def test_many_failed_checks_are_counted() -> None:
    checks = [made.failed(f"accuracy color={place}") for place in range(MAX_SHOWN + 5)]
    text = as_text(made.report(made.family("quality", checks, "failed"), verdict="failed"))
    assert "  and 5 more; --output writes all" in text


def test_checks_without_numbers_are_sentences() -> None:
    columns = made.failed(
        "columns", family="schema", p=None, q=None, why="the new data lack 'size'"
    )
    text = as_text(made.report(made.family("schema", [columns], "failed"), verdict="failed"))
    assert "failed:\n  schema: the new data lack 'size'\n" in text


def test_warnings_and_weak_slices_have_their_lines() -> None:
    text = as_text(made.every_family("color"))
    assert "warnings:\n" in text
    line = """'weak: `color` = "color"' = '`color` = "color"'"""
    assert f"[slices.rules] of package.toml:\n  {line}  # 300 rows, loss 0.4 instead" in text


@pytest.mark.parametrize("name", made.HOSTILE_NAMES, ids=range(len(made.HOSTILE_NAMES)))
def test_a_narrow_terminal_shows_every_line_whole(name: str) -> None:
    text = as_text(made.every_family(name), 80)
    plain = [line for line in text.splitlines() if "weak: " not in line]
    assert all(character.isprintable() for line in plain for character in line)
    sentences = made.report(made.family("quality"), verdict="passed")
    wide = sentences.model_copy(update={"sentence": "passed: " + "word " * 60})
    assert max(map(len, as_text(wide, 80).splitlines())) <= 80
