"""The threat model names a test for each promise; each of these tests exists."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(test_\w+)`")


def named_tests(text: str) -> list[tuple[str, str]]:
    """(file, function) of each test that ``text`` names; ``::name`` is in the file before it."""
    found, file = [], ""
    for path, function in NAMED.findall(text):
        file = path or file
        found.append((file, function))
    return found


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = named_tests((TOP / "docs" / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 40
    absent = [
        f"{file}::{function}"
        for file, function in named
        if f"def {function}(" not in (TOP / file).read_text(encoding="utf-8")
    ]
    assert absent == []


def test_a_name_without_a_file_is_of_the_file_before_it() -> None:
    text = "`tests/a.py::test_one`, `::test_two`; `tests/b/c.py::test_three`"
    files = [("tests/a.py", "test_one"), ("tests/a.py", "test_two"), ("tests/b/c.py", "test_three")]
    assert named_tests(text) == files
